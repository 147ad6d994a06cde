import { Global, Module } from '@nestjs/common';
import { BufferGauge } from './buffer-gauge';
import { EventIntake } from './event-intake';
import { RetentionDays } from './retention-days';
import { SegmentStore } from './segment-store';
import { SelfAudit } from './self-audit';

/** The way into the pipeline for every process, with or without HTTP. Needs Redis, configuration and clock only. */
@Global()
@Module({
  providers: [BufferGauge, SegmentStore, EventIntake, RetentionDays, SelfAudit],
  exports: [BufferGauge, EventIntake, RetentionDays, SelfAudit],
})
export class SelfAuditModule {}
