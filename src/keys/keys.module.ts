import { Global, Module } from '@nestjs/common';
import { Config, CONFIG } from '../config/config';
import { CheckpointSigner } from './checkpoint-signer';
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
    CheckpointSigner,
  ],
  exports: [RootKeys, KeyRing, SubjectDirectory, CheckpointSigner],
})
export class KeysModule {}
