import { Module } from '@nestjs/common';
import { SearchModule } from '../search/search.module';
import { AnalyticsController } from './analytics.controller';
import { AnalyticsReader } from './analytics-reader';
import { AnomalyFinder } from './anomaly-finder';
import { DashboardController } from './dashboard.controller';
import { DayTops } from './day-tops';
import { RollUpState } from './roll-up-state';
import { SummaryReader } from './summary-reader';
import { TenantFacts } from './tenant-facts';

/** Statistics over HTTP. */
@Module({
  imports: [SearchModule],
  controllers: [DashboardController, AnalyticsController],
  providers: [AnalyticsReader, AnomalyFinder, SummaryReader, DayTops, TenantFacts, RollUpState],
})
export class StatisticsModule {}
