import { Module } from '@nestjs/common';
import { RecipientStore } from '../channels/recipient-store';
import { AssessorModule } from '../compliance/assessor.module';
import { Idempotency } from '../ingest/idempotency';
import { LedgerStore } from '../ledger/ledger-store';
import { MailModule } from '../mail/mail.module';
import { LedgerFacts } from './ledger-facts';
import { PdfModule } from './pdf.module';
import { PdfSigner } from './pdf-signer';
import { ReportDeliverer } from './report-deliverer';
import { ReportGenerator } from './report-generator';
import { ReportMaker } from './report-maker';
import { ReportQueue } from './report-queue';
import { ReportStore } from './report-store';
import { ReportWorker } from './report-worker';
import { ReportsController } from './reports.controller';
import { ReportsService } from './reports.service';
import { ScheduleStore } from './schedule-store';
import { Scheduler } from './scheduler';
import { SchedulesController } from './schedules.controller';
import { SchedulesService } from './schedules.service';
import { SealedJson } from './sealed-json';

const PARTS = [SealedJson, ReportStore, ReportQueue, ScheduleStore, Idempotency, ReportsService];

/** Reports and their schedules over HTTP. */
@Module({ controllers: [ReportsController, SchedulesController], providers: [...PARTS, SchedulesService] })
export class ReportsModule {}

/** Making, mailing and scheduling them, in the background. */
@Module({
  imports: [PdfModule, MailModule, AssessorModule],
  providers: [
    ...PARTS,
    ...[LedgerStore, LedgerFacts, PdfSigner, ReportGenerator],
    ...[RecipientStore, ReportDeliverer, ReportMaker, ReportWorker, Scheduler],
  ],
})
export class ReportWorkModule {}
