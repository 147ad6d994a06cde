import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Principal } from '../access/principal';
import { DEFAULT_TENANT } from '../access/tenant';
import { AppError } from '../common/app-error';
import { derivedUuidV7 } from '../events/uuid';
import { SelfAudit } from '../ingest/self-audit';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { KeyRecord, keyRecord } from './key-record';
import { KeyRotation, Rotated, RotatedKind } from './key-rotation';
import { RootRotated, RootRotation } from './root-rotation';

const GROUP = 500;
const OUTCOMES = { started: 'unknown', completed: 'success', failed: 'failure' } as const;

type Details = Record<string, number | string | string[] | null>;

/**
 * Acts on keys, each with its audit events: one before it, so that none is untold, and one after. Keys of the whole system
 * belong to no tenant: the log of the caller's, or of the tenant `default`, tells of them, and of the birth of every key.
 */
@Injectable()
export class KeyActs {
  constructor(
    private readonly rotation: KeyRotation,
    private readonly root: RootRotation,
    private readonly audit: SelfAudit,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** @throws AppError 503 if the stores or the buffer are away */
  rotate(kind: RotatedKind, caller: Principal): Promise<Rotated> {
    const tenant = kind === 'tenant' ? caller.tenant : '';
    return this.told(kind, tenant, caller, async () => {
      const rotated = await this.rotation.rotate(kind, tenant);
      if (!rotated) throw new Error('a rotation without a condition did nothing');
      return { answer: rotated, details: numbersOf(rotated) };
    });
  }

  /** @throws AppError as RootRotation.rotate does, 503 if the buffer is away */
  rotateRoot(caller: Principal): Promise<RootRotated> {
    return this.told('root', '', caller, async () => {
      const rotated = await this.root.rotate();
      return { answer: rotated, details: { ...rotated } };
    });
  }

  /** Replaces what is older than `ageMs`, as the configuration wants it. */
  async rotateOlderThan(ageMs: number): Promise<Rotated[]> {
    const rotated = await this.rotation.rotateOlderThan(ageMs);
    for (const one of rotated) await this.record(one.kind, one.tenant, 'completed', numbersOf(one));
    return rotated;
  }

  async recordRewrapped(tenant: string, subjects: number): Promise<void> {
    await this.audit.record(tenant, {
      eventType: 'AUDIT_KEY_ROTATED',
      description: 'The keys of data subjects were wrapped by the newest key of the tenant',
      context: { resourceType: 'key', resourceId: 'tenant' },
      details: { kind: 'tenant', phase: 'rewrapped' },
      recordCount: subjects,
    });
  }

  /** Tells of keys that were made and that no event tells of yet; returns how many. Telling twice is harmless. */
  async recordBirths(): Promise<number> {
    const names = await this.redis.srandmember(this.keys.unrecordedCryptoKeys(), GROUP);
    if (names.length === 0) return 0;
    const texts = await this.redis.hmget(this.keys.cryptoKeys(), ...names);
    for (const text of texts) if (text !== null) await this.recordBirth(keyRecord.parse(JSON.parse(text)));
    await this.redis.srem(this.keys.unrecordedCryptoKeys(), ...names);
    return names.length;
  }

  private async recordBirth({ kind, tenant, number, rootId, createdAt }: KeyRecord): Promise<void> {
    await this.audit.record(DEFAULT_TENANT, {
      id: derivedUuidV7(`key:${kind}:${tenant}:${number}:${createdAt}`, createdAt),
      occurredAt: new Date(createdAt).toISOString(),
      eventType: 'AUDIT_KEY_CREATED',
      description: `A ${kind} key was made`,
      context: { resourceType: 'key', resourceId: `${kind}:${tenant}:${number}` },
      details: { kind, number, root: rootId, ...(tenant !== '' && { tenant }) },
    });
  }

  private async told<T>(
    kind: RotatedKind | 'root',
    tenant: string,
    caller: Principal,
    act: () => Promise<{ answer: T; details: Details }>,
  ): Promise<T> {
    await this.record(kind, tenant, 'started', {}, caller);
    try {
      const { answer, details } = await act();
      await this.record(kind, tenant, 'completed', details, caller);
      return answer;
    } catch (error) {
      const code = error instanceof AppError ? error.code : 'INTERNAL';
      await this.record(kind, tenant, 'failed', { code }, caller);
      throw error;
    }
  }

  private async record(
    kind: RotatedKind | 'root',
    tenant: string,
    phase: keyof typeof OUTCOMES,
    details: Details,
    by?: Principal,
  ): Promise<void> {
    await this.audit.record(
      tenant === '' ? (by?.tenant ?? DEFAULT_TENANT) : tenant,
      {
        eventType: 'AUDIT_KEY_ROTATED',
        outcome: OUTCOMES[phase],
        description: `The rotation of a ${kind} key was ${phase}`,
        context: { resourceType: 'key', resourceId: kind },
        details: { kind, phase, ...details },
      },
      by,
    );
  }
}

const numbersOf = ({ number, previous }: Rotated) => ({ number, previous });
