import { Module } from '@nestjs/common';
import { BacktestService } from './backtest.service';
import { EventFeed } from './event-feed';
import { RuleStore } from './rule-store';
import { RulesController } from './rules.controller';
import { RulesService } from './rules.service';

/** Alert rules over HTTP: keeping them, and trying them on history. */
@Module({
  controllers: [RulesController],
  providers: [RuleStore, RulesService, EventFeed, BacktestService],
  exports: [RuleStore, EventFeed, BacktestService],
})
export class RulesModule {}
