import { Module } from '@nestjs/common';
import { LedgerController } from './ledger.controller';
import { LedgerReader } from './ledger-reader';
import { LedgerStore } from './ledger-store';
import { SealingStateStore } from './sealing-state';
import { TilesController } from './tiles.controller';

/** The API's part of the ledger: what auditors read. */
@Module({
  controllers: [LedgerController, TilesController],
  providers: [LedgerStore, LedgerReader, SealingStateStore],
  exports: [LedgerReader, LedgerStore, SealingStateStore],
})
export class LedgerModule {}
