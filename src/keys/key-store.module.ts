import { Global, Logger, Module, OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { AppError } from '../common/app-error';
import { CheckpointSigner } from './checkpoint-signer';
import { KeyKeeper, SubjectPersister } from './key-keeper';
import { KeyRotation } from './key-rotation';
import { KeyStore } from './key-store';
import { Revealer } from './revealer';
import { RootKeys } from './root-key';
import { RootRotation } from './root-rotation';
import { SubjectRewrapper } from './subject-rewrapper';

const PARTS = [KeyStore, KeyKeeper, CheckpointSigner, Revealer, KeyRotation, RootRotation, SubjectRewrapper];

/** The truth of keys and subjects, in ClickHouse. */
@Global()
@Module({
  providers: [...PARTS, { provide: SubjectPersister, useExisting: KeyKeeper }],
  exports: [...PARTS, SubjectPersister],
})
export class KeyStoreModule implements OnModuleInit {
  private readonly log = new Logger('Keys');

  constructor(
    private readonly keeper: KeyKeeper,
    private readonly roots: RootKeys,
  ) {}

  /** A wrong root key ends the process; stores that are away do not, they are asked again. */
  async onModuleInit(): Promise<void> {
    await this.restore().catch((error: unknown) => {
      if (error instanceof AppError && error.code !== 'BUSY') throw error;
      this.warn(error);
    });
  }

  /** A Redis that was replaced gets its keys back. */
  @Interval(30_000)
  protected async restoreRegularly(): Promise<void> {
    await this.restore().catch((error: unknown) => this.warn(error));
  }

  private async restore(): Promise<void> {
    await this.keeper.assertRootKey(this.roots);
    await this.keeper.restore();
  }

  private warn(error: unknown): void {
    this.log.warn(
      `keys could not be compared with ClickHouse: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
