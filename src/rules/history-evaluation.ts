import { Inject, Injectable } from '@nestjs/common';
import { AlertRaiser } from '../alerts/alert-raiser';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { BacktestService } from './backtest.service';
import { RuleStore } from './rule-store';

export interface HistoryResult {
  /** Events in the range that rules looked at. */
  events: number;
  /** Alerts that were opened, and that were raised further. */
  opened: number;
  raised: number;
}

/** Raises the alerts of history: of events that came too late for the live evaluation, which passes them over. */
@Injectable()
export class HistoryEvaluation {
  constructor(
    private readonly rules: RuleStore,
    private readonly backtests: BacktestService,
    private readonly raiser: AlertRaiser,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Evaluates all enabled rules of the tenant over `range` (ms, `to` not included). Doing it again changes nothing.
   * @throws AppError 409 while alerting is switched off
   */
  async run(tenant: string, range: { from: number; to: number }): Promise<HistoryResult> {
    const { enabled, latenessMs } = this.config.alerting;
    if (!enabled) {
      throw new AppError('ALERTING_DISABLED', 409, 'alerting is switched off; set AUDIT_ALERTING_ENABLED to true');
    }
    const records = (await this.rules.load(tenant)).filter(({ rule }) => rule.enabled);
    const versions = new Map(records.map(({ rule, version }) => [rule.id, version]));
    const { events, groups } = await this.backtests.run(
      tenant,
      records.map((record) => record.rule),
      range,
      (event) => event.receivedAt - event.occurredAt > latenessMs,
    );
    const raises = groups.map((hits) => ({ ...hits, ruleVersion: versions.get(hits.rule.id) ?? 0 }));
    return { events, ...(await this.raiser.raiseHistory(tenant, raises)) };
  }
}
