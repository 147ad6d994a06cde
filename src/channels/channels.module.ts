import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module';
import { AlertStreamController } from './alert-stream.controller';
import { AlertSteps } from './alert-steps';
import { ChannelMetrics } from './channel-metrics';
import { ChannelWorker } from './channel-worker';
import { Deliverer } from './deliverer';
import { DeliveryQueue } from './delivery-queue';
import { DeliveryStore } from './delivery-store';
import { Dispatcher } from './dispatcher';
import { LiveAlerts } from './live-alerts';
import { NotificationArchive } from './notification-archive';
import { NotificationRecorder } from './notification-recorder';
import { NotificationsController } from './notifications.controller';
import { NotificationsService } from './notifications.service';
import { RecipientStore } from './recipient-store';
import { RecipientsController } from './recipients.controller';
import { RecipientsService } from './recipients.service';
import { SafeHttp } from './safe-http';
import { Sender } from './sender';

const PARTS = [RecipientStore, DeliveryStore, DeliveryQueue, AlertSteps, NotificationArchive];

/** Recipients, the notification log and the live stream of alerts over HTTP. Comes before the routes `alerts/:id`. */
@Module({
  controllers: [AlertStreamController, RecipientsController, NotificationsController],
  providers: [...PARTS, RecipientsService, NotificationsService, LiveAlerts],
})
export class ChannelsModule {}

/** Telling people, in the background. */
@Module({
  imports: [MailModule],
  providers: [...PARTS, Dispatcher, Deliverer, Sender, SafeHttp, ChannelMetrics, NotificationRecorder, ChannelWorker],
})
export class ChannelWorkModule {}
