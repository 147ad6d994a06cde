import { Module } from '@nestjs/common';
import { RegisterCoreModule } from '../registers/register-core.module';
import { Assessor } from './assessor';
import { SourceReader } from './source-reader';

/** Assessing, for the API and for workers that report. */
@Module({
  imports: [RegisterCoreModule],
  providers: [Assessor, SourceReader],
  exports: [Assessor],
})
export class AssessorModule {}
