import { Injectable } from '@nestjs/common';
import { Clock } from '../common/clock';
import { KeyKeeper } from './key-keeper';
import type { KeyRecord } from './key-record';
import { KeyRing } from './key-ring';
import { KeyStore } from './key-store';

/** Kinds that can be replaced. All hashes of ids hang on the lookup key, so that stays. */
export const ROTATED_KINDS = ['tenant', 'signing', 'checkpoint'] as const;
export type RotatedKind = (typeof ROTATED_KINDS)[number];

export interface Rotated {
  kind: RotatedKind;
  /** Empty for keys of the whole system. */
  tenant: string;
  number: number;
  /** The number before; null for the first key. */
  previous: number | null;
}

/** Replaces keys by new ones. Old ones stay: they verify what they signed and open what they wrapped. */
@Injectable()
export class KeyRotation {
  constructor(
    private readonly ring: KeyRing,
    private readonly keeper: KeyKeeper,
    private readonly store: KeyStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves when the new key is in both stores; all processes use it within two seconds. What tenant keys wrap is wrapped
   * anew in the background (SubjectRewrapper).
   * @param only replaces this number only: undefined comes back if it was replaced already
   */
  rotate(kind: RotatedKind, tenant: string, only?: number): Promise<Rotated | undefined> {
    return this.keeper.alone(async () => {
      await this.keeper.flushAlone();
      const old = (await this.store.keys()).filter((record) => record.kind === kind && record.tenant === tenant);
      const newest = Math.max(0, ...old.map((record) => record.number));
      if (only !== undefined && only !== newest) return undefined;
      const made = await this.ring.create(kind, tenant, newest + 1);
      await this.keeper.flushAlone();
      await this.keeper.change(retired(old, this.clock.now()));
      return { kind, tenant, number: made.number, previous: newest === 0 ? null : newest };
    });
  }

  /** Replaces signing and tenant keys that are older than `ageMs`; returns what it did. Several processes may do it at once. */
  async rotateOlderThan(ageMs: number): Promise<Rotated[]> {
    const due: Rotated[] = [];
    for (const { kind, tenant, number } of await this.due(ageMs)) {
      const rotated = await this.rotate(kind, tenant, number);
      if (rotated) due.push(rotated);
    }
    return due;
  }

  private async due(ageMs: number): Promise<{ kind: RotatedKind; tenant: string; number: number }[]> {
    const newest = new Map<string, KeyRecord>();
    for (const record of await this.ring.list()) {
      const place = `${record.kind}:${record.tenant}`;
      if (record.number > (newest.get(place)?.number ?? 0)) newest.set(place, record);
    }
    const before = this.clock.now() - ageMs;
    return [...newest.values()].flatMap(({ kind, tenant, number, createdAt }) =>
      (kind === 'signing' || kind === 'tenant') && createdAt <= before ? [{ kind, tenant, number }] : [],
    );
  }
}

const retired = (records: KeyRecord[], now: number): KeyRecord[] =>
  records
    .filter((record) => record.retiredAt === null)
    .map((record) => ({ ...record, retiredAt: now, version: record.version + 1 }));
