import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import type { Delivery } from './delivery';

/** What notifications tell Prometheus. */
@Injectable()
export class ChannelMetrics {
  private readonly outcomes = new Counter({
    name: 'audit_notifications_total',
    help: 'Notifications by kind of channel and outcome; retried counts attempts that will be repeated',
    labelNames: ['channel', 'outcome'],
  });
  private readonly lag = new Histogram({
    name: 'audit_notification_lag_seconds',
    help: 'Time from the step of an alert until the receiver had taken its message; digests are left out',
    labelNames: ['channel'],
    buckets: [0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800],
  });

  count({ type, kind, at }: Delivery, outcome: 'sent' | 'failed' | 'retried' | 'skipped', now: number): void {
    this.outcomes.inc({ channel: type, outcome });
    if (outcome === 'sent' && kind !== 'digest') this.lag.observe({ channel: type }, Math.max(0, now - at) / 1000);
  }
}
