import { Module } from '@nestjs/common';
import { ErasureFinisher } from './erasure-finisher';
import { ErasureStore } from './erasure-store';
import { HoldStore } from './hold-store';
import { KeyDestroyer } from './key-destroyer';
import { LedgerHeads } from './ledger-heads';
import { PolicyStore } from './policy-store';
import { PrivacyLock } from './privacy-lock';

const shared = [ErasureFinisher, ErasureStore, HoldStore, KeyDestroyer, LedgerHeads, PolicyStore, PrivacyLock];

/** What both the API and the workers need. */
@Module({ providers: shared, exports: shared })
export class PrivacyCoreModule {}
