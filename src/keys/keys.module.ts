import { Global, Module } from '@nestjs/common';
import { Config, CONFIG } from '../config/config';
import { Sha256Lanes } from '../ledger/sha256-lanes';
import { EventSealer } from './event-sealer';
import { KeyRing } from './key-ring';
import { ProtectionNotice } from './protection';
import { RootAnnouncer } from './root-announcer';
import { RootKeys } from './root-key';
import { SubjectDirectory } from './subject-directory';

/** Keys for whoever seals and signs. Needs Redis, configuration and clock only. */
@Global()
@Module({
  providers: [
    { provide: RootKeys, inject: [CONFIG], useFactory: (config: Config) => new RootKeys(config) },
    ProtectionNotice,
    RootAnnouncer,
    KeyRing,
    SubjectDirectory,
    EventSealer,
    Sha256Lanes,
  ],
  exports: [RootKeys, RootAnnouncer, KeyRing, SubjectDirectory, EventSealer, Sha256Lanes],
})
export class KeysModule {}
