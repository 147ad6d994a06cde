import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module';
import { LedgerStore } from './ledger-store';
import { Sealer } from './sealer';
import { SealerService } from './sealer.service';
import { SealingStateStore } from './sealing-state';
import { Sha256Lanes } from './sha256-lanes';
import { Witnesses } from './witnesses';

/** The worker's part of the ledger: sealing. */
@Module({
  imports: [MailModule],
  providers: [LedgerStore, Sealer, SealerService, SealingStateStore, Sha256Lanes, Witnesses],
})
export class SealingModule {}
