import { Global, Module } from '@nestjs/common';
import { BufferGauge } from './buffer-gauge';
import { EventIntake } from './event-intake';
import { SegmentStore } from './segment-store';
import { SelfAudit } from './self-audit';

/** The way into the pipeline for every process, with or without HTTP. Needs Redis, configuration and clock only. */
@Global()
@Module({
  providers: [BufferGauge, SegmentStore, EventIntake, SelfAudit],
  exports: [BufferGauge, EventIntake, SelfAudit],
})
export class SelfAuditModule {}
