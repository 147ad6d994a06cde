import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import type { BatchPlan, LeafRange, RefusedRow } from './batch';
import { CLAIM, COMMIT, NEXT_ATTEMPT, RELEASE, SEQUENCE } from './scripts';

/** A batch as it stands in Redis: what it is, and who may insert it until when. */
export interface Manifest {
  batch: number;
  plan: BatchPlan;
  ranges: LeafRange[];
  /** Rows that the store refuses; quarantine events stand in their places. */
  poison: RefusedRow[];
  attempt: number;
  /** ClickHouse's clock, ms since the epoch: an insert of this attempt that starts later writes nothing. */
  deadline: number;
}

/** What a commit moves in the books of a tenant. */
export interface TenantOutcome {
  tenant: string;
  rows: number;
  bytes: number;
  stored: number;
  duplicates: number;
  deadLettered: number;
  quarantined: number;
}

/** Why a batch could not be made of some segments. */
export type Refusal = { refused: 'unready' } | { refused: 'assigned' | 'gone'; segment: string };

/** Manifests, claims and leases in Redis. */
@Injectable()
export class ManifestStore {
  private readonly owner = randomUUID();

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** Claims ids (raw bytes) for a segment; returns the positions of those that another waiting segment holds, with that segment. */
  async claim(tenant: string, segment: string, ids: Buffer[]): Promise<Map<number, string>> {
    const taken = (await this.redis.eval(CLAIM, 0, this.keys.prefix, tenant, segment, ...ids)) as (number | string)[];
    const found = new Map<number, string>();
    for (let i = 0; i < taken.length; i += 2) found.set(Number(taken[i]), String(taken[i + 1]));
    return found;
  }

  /** Gives a plan its number and leaves, atomically. From here on the batch is carried out sooner or later. */
  async sequence(
    plan: BatchPlan,
    counts: { tenant: string; count: number }[],
    deadline: number,
  ): Promise<Manifest | Refusal> {
    const answer = (await this.redis.eval(
      SEQUENCE,
      0,
      this.keys.prefix,
      JSON.stringify(plan),
      this.owner,
      String(deadline),
      String(plan.segments.length),
      ...plan.segments,
      ...counts.flatMap(({ tenant, count }) => [tenant, String(count)]),
    )) as [string, ...(number | string)[]];
    const [outcome, first, ...starts] = answer;
    if (outcome === 'unready') return { refused: 'unready' };
    if (outcome === 'assigned' || outcome === 'gone') return { refused: outcome, segment: String(first) };
    const ranges = counts.map(({ tenant, count }, i) => ({ tenant, start: Number(starts[i]), count }));
    return { batch: Number(first), plan, ranges, poison: [], attempt: 1, deadline };
  }

  /** The batch that a segment belongs to, if it is in one that is not committed. */
  async batchOf(segment: string): Promise<number | undefined> {
    const batch = await this.redis.hget(this.keys.assigned(), segment);
    return batch === null ? undefined : Number(batch);
  }

  /** A batch that is not committed, or undefined. */
  async read(batch: number): Promise<Manifest | undefined> {
    const hash = await this.redis.hgetall(this.keys.manifest(String(batch)));
    if (!hash.plan) return undefined;
    return {
      batch,
      plan: JSON.parse(hash.plan) as BatchPlan,
      ranges: JSON.parse(hash.ranges ?? '[]') as LeafRange[],
      poison: JSON.parse(hash.poison ?? '[]') as RefusedRow[],
      attempt: Number(hash.attempt),
      deadline: Number(hash.deadline),
    };
  }

  /** Begins another attempt, with the rows found to be poison. `committed` or `lost` if there is nothing to attempt any more. */
  async nextAttempt(
    manifest: Manifest,
    deadline: number,
    poison?: RefusedRow[],
  ): Promise<Manifest | 'committed' | 'lost'> {
    const attempt = Number(
      await this.redis.eval(
        NEXT_ATTEMPT,
        0,
        this.keys.prefix,
        String(manifest.batch),
        String(manifest.attempt),
        this.owner,
        String(deadline),
        poison ? JSON.stringify(poison) : '',
      ),
    );
    if (attempt === 0) return 'committed';
    if (attempt < 0) return 'lost';
    return { ...manifest, attempt, deadline, poison: poison ?? manifest.poison };
  }

  /** Forgets payloads, manifest and claims, moves the books, tells who listens. Once; a second call changes nothing. */
  async commit(
    manifest: Manifest,
    outcomes: TenantOutcome[],
    claimed: { tenant: string; ids: Buffer[] }[],
  ): Promise<void> {
    const { batch, plan, ranges } = manifest;
    const transaction = this.redis
      .multi()
      .eval(
        COMMIT,
        0,
        this.keys.prefix,
        String(batch),
        JSON.stringify({ batch, tenants: ranges }),
        JSON.stringify({ segments: plan.segments, tenants: outcomes }),
      );
    const { segments } = plan;
    for (const { tenant, ids } of claimed) {
      transaction.eval(RELEASE, 0, this.keys.prefix, tenant, String(segments.length), ...segments, ...ids);
    }
    for (const [error] of (await transaction.exec()) ?? []) if (error) throw error;
  }
}
