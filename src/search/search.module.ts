import { Module } from '@nestjs/common';
import { EventReader } from './event-reader';
import { EventsController } from './events.controller';
import { ExportController } from './export.controller';
import { ExportService } from './export.service';
import { RevealService } from './reveal.service';
import { SearchStore } from './search-store';
import { SubjectLookup } from './subject-lookup';

/** The read side: search, export, live stream. */
@Module({
  controllers: [ExportController, EventsController],
  providers: [SearchStore, SubjectLookup, EventReader, ExportService, RevealService],
  exports: [SearchStore, EventReader, SubjectLookup],
})
export class SearchModule {}
