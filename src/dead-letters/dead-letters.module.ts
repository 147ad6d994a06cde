import { Module } from '@nestjs/common';
import { SearchModule } from '../search/search.module';
import { DeadLetterArchive } from './dead-letter-archive';
import { DeadLettersController } from './dead-letters.controller';
import { DeadLettersService } from './dead-letters.service';
import { Decisions } from './decisions';

/** What becomes of events that the store refused; the writer puts them there. */
@Module({
  imports: [SearchModule],
  controllers: [DeadLettersController],
  providers: [DeadLetterArchive, DeadLettersService, Decisions],
})
export class DeadLettersModule {}
