import { Injectable } from '@nestjs/common';
import { findHits, reachOf } from './backtest';
import type { GroupHits } from './group-hits';
import { EventFeed } from './event-feed';
import { scopeOf } from './event-scope';
import type { Rule } from './rule';
import type { RuleEvent } from './rule-event';

/** Evaluates rules over stored events, by the code that runs live. Nothing is raised. */
@Injectable()
export class BacktestService {
  constructor(private readonly feed: EventFeed) {}

  /**
   * What the rules find in `range`, ms since the epoch, `to` not included. They are taken to be enabled.
   * @param counts see `findHits`
   */
  run(
    tenant: string,
    rules: readonly Rule[],
    range: { from: number; to: number },
    counts?: (event: RuleEvent) => boolean,
  ): Promise<{ events: number; groups: GroupHits[] }> {
    const enabled = rules.map((rule) => ({ ...rule, enabled: true }));
    const events = this.feed.byTime(tenant, { ...range, from: range.from - reachOf(enabled) }, scopeOf(enabled));
    return findHits(enabled, events, range, counts);
  }
}
