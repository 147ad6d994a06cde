import { Module } from '@nestjs/common';
import { ErasureResumer } from './erasure-resumer';
import { PrivacyCoreModule } from './privacy-core.module';
import { RetentionWorker } from './retention-worker';

/** The worker's part: what was begun is finished, and what is due goes. */
@Module({ imports: [PrivacyCoreModule], providers: [ErasureResumer, RetentionWorker] })
export class PrivacyWorkModule {}
