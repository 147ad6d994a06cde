import { Module } from '@nestjs/common';
import { EventReader } from './event-reader';
import { EventsController } from './events.controller';
import { SearchStore } from './search-store';
import { SubjectLookup } from './subject-lookup';

/** The read side: search, export, live stream. */
@Module({
  controllers: [EventsController],
  providers: [SearchStore, SubjectLookup, EventReader],
  exports: [SearchStore, EventReader],
})
export class SearchModule {}
