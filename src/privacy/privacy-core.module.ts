import { Module } from '@nestjs/common';
import { ErasureFinisher } from './erasure-finisher';
import { ErasureStore } from './erasure-store';
import { HoldStore } from './hold-store';
import { KeyDestroyer } from './key-destroyer';
import { LedgerHeads } from './ledger-heads';
import { RetentionManifestStore } from './retention-manifest-store';
import { PolicyStore } from './policy-store';
import { PrivacyLock } from './privacy-lock';
import { RetentionJob } from './retention-job';
import { RetentionScopes } from './retention-scopes';
import { RetentionStore } from './retention-store';

const shared = [
  ...[
    ErasureFinisher,
    ErasureStore,
    HoldStore,
    KeyDestroyer,
    LedgerHeads,
    RetentionManifestStore,
    PolicyStore,
    PrivacyLock,
  ],
  ...[RetentionJob, RetentionScopes, RetentionStore],
];

/** What both the API and the workers need. */
@Module({ providers: shared, exports: shared })
export class PrivacyCoreModule {}
