import { Module } from '@nestjs/common';
import { EventReader } from './event-reader';
import { EventsController } from './events.controller';
import { ExportController } from './export.controller';
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
  controllers: [ExportController, StreamController, EventsController],
  providers: [
    SearchStore,
    PlainIds,
    SubjectLookup,
    EventReader,
    ExportService,
    RevealService,
    Frontier,
    LandedFeed,
    LiveEvents,
  ],
  exports: [SearchStore, EventReader, SubjectLookup, RevealService],
})
export class SearchModule {}
