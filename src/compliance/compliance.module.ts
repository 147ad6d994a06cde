import { Module } from '@nestjs/common';
import { AssessorModule } from './assessor.module';
import { ComplianceController } from './compliance.controller';

/** Controls of regulations and their assessment over HTTP. */
@Module({ imports: [AssessorModule], controllers: [ComplianceController], exports: [AssessorModule] })
export class ComplianceModule {}
