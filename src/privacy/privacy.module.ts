import { Module } from '@nestjs/common';
import { HoldStore } from './hold-store';
import { HoldsController } from './holds.controller';
import { HoldsService } from './holds.service';
import { PolicyStore } from './policy-store';
import { PrivacyLock } from './privacy-lock';
import { SubjectReferences } from './subject-references';

/** What officers do: holds, retention, erasures. */
@Module({
  controllers: [HoldsController],
  providers: [HoldStore, HoldsService, PolicyStore, PrivacyLock, SubjectReferences],
})
export class PrivacyModule {}
