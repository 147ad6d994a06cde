import { Module } from '@nestjs/common';
import { SearchModule } from '../search/search.module';
import { AnalyticsController } from './analytics.controller';
import { AnalyticsReader } from './analytics-reader';
import { AnomalyFinder } from './anomaly-finder';

/** Statistics over HTTP. */
@Module({
  imports: [SearchModule],
  controllers: [AnalyticsController],
  providers: [AnalyticsReader, AnomalyFinder],
})
export class StatisticsModule {}
