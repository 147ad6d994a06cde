import { Global, Module } from '@nestjs/common';
import { Config, CONFIG } from '../config/config';
import { CheckpointSigner } from './checkpoint-signer';
import { EventSealer } from './event-sealer';
import { KeyRing } from './key-ring';
import { RootKeys } from './root-key';
import { SubjectDirectory } from './subject-directory';

/** Keys for whoever seals and signs. Needs Redis, configuration and clock only. */
@Global()
@Module({
  providers: [
    { provide: RootKeys, inject: [CONFIG], useFactory: (config: Config) => new RootKeys(config) },
    KeyRing,
    SubjectDirectory,
    EventSealer,
    CheckpointSigner,
  ],
  exports: [RootKeys, KeyRing, SubjectDirectory, EventSealer, CheckpointSigner],
})
export class KeysModule {}
