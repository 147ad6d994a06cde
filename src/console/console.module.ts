import { Module } from '@nestjs/common';
import { SelfAuditModule } from '../ingest/self-audit.module';
import { SessionController } from './session.controller';
import { SignIn } from './sign-in';

/** What browsers need beside the API: sessions. */
@Module({ imports: [SelfAuditModule], controllers: [SessionController], providers: [SignIn] })
export class ConsoleModule {}
