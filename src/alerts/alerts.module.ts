import { Module } from '@nestjs/common';
import { SearchModule } from '../search/search.module';
import { AlertArchive } from './alert-archive';
import { AlertRaiser } from './alert-raiser';
import { AlertRecorder } from './alert-recorder';
import { AlertRestorer } from './alert-restorer';
import { AlertStore } from './alert-store';
import { AlertsController } from './alerts.controller';
import { AlertsService } from './alerts.service';
import { Escalator } from './escalator';

/** Alerts as such, for whoever raises or reads them. */
@Module({
  providers: [AlertStore, AlertArchive, AlertRaiser, AlertRestorer],
  exports: [AlertStore, AlertArchive, AlertRaiser, AlertRestorer],
})
export class AlertStoreModule {}

/** Alerts over HTTP. */
@Module({
  imports: [AlertStoreModule, SearchModule],
  controllers: [AlertsController],
  providers: [AlertsService],
})
export class AlertsModule {}

/** What happens to alerts in the background: they are recorded and escalated. */
@Module({
  imports: [AlertStoreModule],
  providers: [AlertRecorder, Escalator],
})
export class AlertWorkModule {}
