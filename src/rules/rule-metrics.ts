import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import type { Step } from './tenant-rules';

/** What the evaluation of rules tells Prometheus. */
@Injectable()
export class RuleMetrics {
  private readonly lag = new Histogram({
    name: 'audit_rules_lag_seconds',
    help: 'Time from the receipt of an event until rules had seen it and its alerts were open',
    buckets: [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300],
  });
  private readonly events = new Counter({ name: 'audit_rules_events_total', help: 'Events that rules looked at' });
  private readonly hits = new Counter({ name: 'audit_rules_hits_total', help: 'Events at which a rule held' });
  private readonly opened = new Counter({ name: 'audit_alerts_opened_total', help: 'Alerts opened' });

  stepped(step: Step, now: number): void {
    if (step.newest !== undefined) this.lag.observe(Math.max(0, now - step.newest) / 1000);
    this.events.inc(step.events);
    this.hits.inc(step.hits);
    this.opened.inc(step.opened);
  }
}
