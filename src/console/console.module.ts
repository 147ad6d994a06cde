import { Module } from '@nestjs/common';
import { SelfAuditModule } from '../ingest/self-audit.module';
import { SessionController } from './session.controller';
import { Oidc } from './oidc';
import { SignIn } from './sign-in';
import { StaticFilesController } from './static-files.controller';

/** What browsers need beside the API: sessions, and the files of the console. */
@Module({
  imports: [SelfAuditModule],
  controllers: [SessionController, StaticFilesController],
  providers: [SignIn, Oidc],
})
export class ConsoleModule {}
