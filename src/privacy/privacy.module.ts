import { Module } from '@nestjs/common';
import { ErasurePreviewer } from './erasure-previewer';
import { ErasuresController } from './erasures.controller';
import { ErasuresService } from './erasures.service';
import { HoldsController } from './holds.controller';
import { HoldsService } from './holds.service';
import { Landing } from './landing';
import { PersonFacts } from './person-facts';
import { PrivacyCoreModule } from './privacy-core.module';
import { RetentionController } from './retention.controller';
import { RetentionService } from './retention.service';
import { SubjectReferences } from './subject-references';

/** What officers do: holds, retention, erasures. */
@Module({
  imports: [PrivacyCoreModule],
  controllers: [ErasuresController, HoldsController, RetentionController],
  providers: [
    ErasurePreviewer,
    ErasuresService,
    HoldsService,
    Landing,
    PersonFacts,
    RetentionService,
    SubjectReferences,
  ],
})
export class PrivacyModule {}
