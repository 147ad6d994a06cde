import { Module } from '@nestjs/common';
import { AlertStoreModule } from '../alerts/alerts.module';
import { EventFeed } from './event-feed';
import { LiveEvaluation } from './live-evaluation';
import { RuleMetrics } from './rule-metrics';
import { RuleStateStore } from './rule-state-store';
import { RuleStore } from './rule-store';

/** Rules at work in the background. */
@Module({
  imports: [AlertStoreModule],
  providers: [RuleStore, RuleStateStore, EventFeed, RuleMetrics, LiveEvaluation],
})
export class LiveRulesModule {}
