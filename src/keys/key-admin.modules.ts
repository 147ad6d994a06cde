import { Module } from '@nestjs/common';
import { SelfAuditModule } from '../ingest/self-audit.module';
import { KeyActs } from './key-acts';
import { KeyJobs } from './key-jobs';
import { KeysController } from './keys.controller';

/** Keys over HTTP. */
@Module({ imports: [SelfAuditModule], controllers: [KeysController], providers: [KeyActs] })
export class KeyAdminModule {}

/** Scheduled work on keys. */
@Module({ imports: [SelfAuditModule], providers: [KeyActs, KeyJobs], exports: [KeyActs] })
export class KeyWorkModule {}
