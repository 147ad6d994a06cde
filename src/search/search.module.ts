import { Module } from '@nestjs/common';
import { LedgerModule } from '../ledger/ledger.module';
import { EventReader } from './event-reader';
import { EventsController } from './events.controller';
import { ExportController } from './export.controller';
import { ExportLedgers } from './export-ledger';
import { ExportService } from './export.service';
import { Frontier } from './frontier';
import { LandedFeed } from './landed-feed';
import { LiveEvents } from './live-events';
import { PlainIds } from './plain-ids';
import { RevealService } from './reveal.service';
import { SearchStore } from './search-store';
import { StreamController } from './stream.controller';
import { SubjectLookup } from './subject-lookup';

/** The read side: search, export, live stream. */
@Module({
  imports: [LedgerModule],
  controllers: [ExportController, StreamController, EventsController],
  providers: [
    SearchStore,
    PlainIds,
    SubjectLookup,
    EventReader,
    ExportService,
    ExportLedgers,
    RevealService,
    Frontier,
    LandedFeed,
    LiveEvents,
  ],
  exports: [SearchStore, EventReader, SubjectLookup, RevealService, ExportService],
})
export class SearchModule {}
