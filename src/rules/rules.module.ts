import { Module } from '@nestjs/common';
import { AlertStoreModule } from '../alerts/alerts.module';
import { BacktestService } from './backtest.service';
import { EventFeed } from './event-feed';
import { HistoryEvaluation } from './history-evaluation';
import { RuleStore } from './rule-store';
import { RulesController } from './rules.controller';
import { RulesService } from './rules.service';

/** Alert rules over HTTP: keeping them, and trying them on history. */
@Module({
  imports: [AlertStoreModule],
  controllers: [RulesController],
  providers: [RuleStore, RulesService, EventFeed, BacktestService, HistoryEvaluation],
  exports: [RuleStore, EventFeed, BacktestService],
})
export class RulesModule {}
