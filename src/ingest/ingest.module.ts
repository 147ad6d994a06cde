import { Module } from '@nestjs/common';
import { Idempotency } from './idempotency';
import { IngestController } from './ingest.controller';
import { IngestService } from './ingest.service';
import { SelfAuditModule } from './self-audit.module';

/** HTTP into segments. */
@Module({
  imports: [SelfAuditModule],
  controllers: [IngestController],
  providers: [IngestService, Idempotency],
})
export class IngestModule {}
