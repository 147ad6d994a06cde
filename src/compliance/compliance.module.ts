import { Module } from '@nestjs/common';
import { RegisterCoreModule } from '../registers/register-core.module';
import { SearchModule } from '../search/search.module';
import { Assessor } from './assessor';
import { ComplianceController } from './compliance.controller';
import { SourceReader } from './source-reader';

/** Controls of regulations and their assessment. */
@Module({
  imports: [SearchModule, RegisterCoreModule],
  controllers: [ComplianceController],
  providers: [Assessor, SourceReader],
  exports: [Assessor],
})
export class ComplianceModule {}
