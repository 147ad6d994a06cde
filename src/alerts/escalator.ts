import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../common/clock';
import { escalate } from './alert';
import { AlertStore, KEPT_AFTER_RESOLVED_MS } from './alert-store';

const EVERY_MS = 1000;
const AT_ONCE = 200;

/** Takes the next step with alerts that nobody has acknowledged in time. Several processes may do so: each step happens once. */
@Injectable()
export class Escalator {
  private readonly log = new Logger('Escalator');

  constructor(
    private readonly store: AlertStore,
    private readonly clock: Clock,
  ) {}

  @Interval(EVERY_MS)
  protected async regularly(): Promise<void> {
    await this.run().catch((error: Error) => this.log.warn(`not escalated: ${error.message}`));
  }

  @Interval(60_000)
  protected async forgetOld(): Promise<void> {
    const until = this.clock.now() - KEPT_AFTER_RESOLVED_MS;
    await this.store
      .forget(until, AT_ONCE)
      .catch((error: Error) => this.log.warn(`old alerts stay in Redis: ${error.message}`));
  }

  /** Takes all steps that are due; returns how many. */
  async run(): Promise<number> {
    const now = this.clock.now();
    let steps = 0;
    for (const { tenant, id } of await this.store.due(now, AT_ONCE)) {
      const alert = await this.store.get(tenant, id);
      const next = alert && escalate(alert, now);
      if (!alert || !next) continue;
      const change = this.store.change(tenant);
      change.put(next, alert.revision, true);
      // If the alert was acknowledged meanwhile, or another process was faster, nothing happens.
      if (await this.store.commit(change)) steps += 1;
    }
    return steps;
  }
}
