import { Module } from '@nestjs/common';
import { ErasureStore } from '../privacy/erasure-store';
import { LedgerHeads } from '../privacy/ledger-heads';
import { SubjectReferences } from '../privacy/subject-references';
import { PdfModule } from '../reports/pdf.module';
import { SearchModule } from '../search/search.module';
import { ActivitiesController } from './activities.controller';
import { ActivitiesService } from './activities.service';
import { BreachesController } from './breaches.controller';
import { BreachesService } from './breaches.service';
import { ConsentsController } from './consents.controller';
import { DataPackages } from './data-package.service';
import { LineageController } from './lineage.controller';
import { OversightController } from './oversight.controller';
import { PersonReader } from './person-reader';
import { RegisterActs } from './register-acts';
import { RegisterCoreModule } from './register-core.module';
import { RequestsController } from './requests.controller';
import { RequestsService } from './requests.service';

/** Registers that officers keep and read, over HTTP. */
@Module({
  imports: [RegisterCoreModule, SearchModule, PdfModule],
  controllers: [
    ActivitiesController,
    BreachesController,
    ConsentsController,
    LineageController,
    OversightController,
    RequestsController,
  ],
  providers: [
    ...[ErasureStore, LedgerHeads, SubjectReferences, RegisterActs, PersonReader],
    ...[ActivitiesService, BreachesService, DataPackages, RequestsService],
  ],
})
export class RegistersModule {}
