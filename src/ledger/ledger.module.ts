import { Module } from '@nestjs/common';
import { LedgerController } from './ledger.controller';
import { LedgerReader } from './ledger-reader';
import { LedgerStore } from './ledger-store';

/** The API's part of the ledger: what auditors read. */
@Module({ controllers: [LedgerController], providers: [LedgerStore, LedgerReader], exports: [LedgerReader] })
export class LedgerModule {}
