import { Module } from '@nestjs/common';
import { RetentionManifestStore } from '../privacy/retention-manifest-store';
import { LedgerStore } from './ledger-store';
import { Sha256Lanes } from './sha256-lanes';
import { VerifyScan } from './verify-scan';
import { SignatureCheck } from './verify-signatures';
import { VerifyController } from './verify.controller';
import { VerifyService } from './verify.service';
import { VerifyStore } from './verify-store';
import { VerifyWorker } from './verify-worker';
import { Verifier } from './verifier';

const PARTS = [
  LedgerStore,
  RetentionManifestStore,
  Sha256Lanes,
  SignatureCheck,
  Verifier,
  VerifyScan,
  VerifyService,
  VerifyStore,
];

/** Verification on demand. */
@Module({ controllers: [VerifyController], providers: PARTS })
export class VerifyModule {}

/** Verification by schedule. */
@Module({ providers: [...PARTS, VerifyWorker] })
export class VerifyWorkModule {}
