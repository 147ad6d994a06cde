import { Module } from '@nestjs/common';
import { ErasureResumer } from './erasure-resumer';
import { PrivacyCoreModule } from './privacy-core.module';

/** The worker's part: what was begun is finished. */
@Module({ imports: [PrivacyCoreModule], providers: [ErasureResumer] })
export class PrivacyWorkModule {}
