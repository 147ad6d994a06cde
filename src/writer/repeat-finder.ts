import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { sameEvent } from '../events/envelope';
import { FLAG_ID_GIVEN, rowAt, rowEnvelope, rowFlags, rowId, rowStarts } from '../events/row';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { BatchPlan, RefusedRow, runsOf, Segment, viewOf } from './batch';
import { EventWriter } from './event-writer';
import { ManifestStore } from './manifest-store';

/** A row whose id came from its sender. */
interface Candidate {
  tenant: string;
  segment: Segment;
  row: number;
  id: Buffer;
  hex: string;
}

/** Sorts repeats out before a batch is made, see docs/architecture.md, "Sameness of events". */
@Injectable()
export class RepeatFinder {
  constructor(
    private readonly manifests: ManifestStore,
    private readonly events: EventWriter,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  async plan(segments: Segment[]): Promise<BatchPlan> {
    const plan: BatchPlan = {
      segments: segments.map((segment) => segment.id),
      dropped: {},
      duplicates: {},
      conflicts: [],
      acceptedAt: Math.min(...segments.map(({ pointer }) => pointer.oldestReceipt ?? pointer.acceptedAt)),
    };
    const byTenant = groupBy(segments.flatMap(givenIds), (candidate) => candidate.tenant);
    for (const [tenant, candidates] of byTenant) {
      // The claim comes before the look-up: who committed before it is seen there, who did not still holds its claims.
      const unclaimed = await this.dropRepeatsInFlight(plan, tenant, segments, candidates);
      await this.dropRepeatsStored(plan, tenant, unclaimed);
    }
    return plan;
  }

  /**
   * Only claims decide which of several is kept, also between segments of this batch: a later one may hold a claim since an attempt
   * that failed, and others may have been dropped in its favour.
   */
  private async dropRepeatsInFlight(
    plan: BatchPlan,
    tenant: string,
    batch: Segment[],
    candidates: Candidate[],
  ): Promise<Candidate[]> {
    const kept: Candidate[] = [];
    for (const [segment, own] of groupBy(candidates, (candidate) => candidate.segment)) {
      let rest = dropRepeatsInside(plan, own);
      while (rest.length > 0) {
        const ids = rest.map((candidate) => candidate.id);
        const held = await this.manifests.claim(tenant, segment.id, ids);
        kept.push(...rest.filter((_, i) => !held.has(i)));
        const undecided: Candidate[] = [];
        for (const [i, holder] of held) {
          const candidate = rest[i] as Candidate;
          const inBatch = batch.find(({ id }) => id === holder);
          const envelope = inBatch
            ? findEnvelope(inBatch.payload, inBatch.starts, candidate.id)
            : await this.envelopeIn(holder, candidate.id);
          // Its holder was committed this moment: claim again, and the look-up will find it.
          if (envelope === undefined) undecided.push(candidate);
          else drop(plan, candidate, envelope);
        }
        rest = undecided;
      }
    }
    return kept;
  }

  private async dropRepeatsStored(plan: BatchPlan, tenant: string, candidates: Candidate[]): Promise<void> {
    if (candidates.length === 0) return;
    const ids = candidates.map((candidate) => candidate.id);
    const stored = await this.events.stored(tenant, ids);
    for (const candidate of candidates) {
      const envelope = stored.get(candidate.hex);
      if (envelope !== undefined) drop(plan, candidate, envelope);
    }
  }

  private async envelopeIn(segment: string, id: Buffer): Promise<string | undefined> {
    const payload = await this.redis.getBuffer(this.keys.segment(segment));
    return payload ? findEnvelope(payload, rowStarts(payload), id) : undefined;
  }
}

function findEnvelope(payload: Buffer, starts: Uint32Array, id: Buffer): string | undefined {
  const row = starts.subarray(0, -1).findIndex((start) => rowId(payload, { start }).equals(id));
  return row < 0 ? undefined : rowEnvelope(payload, rowAt(payload, starts[row] as number, starts[row + 1] as number));
}

/** Keeps the first of each id in a segment. */
function dropRepeatsInside(plan: BatchPlan, candidates: Candidate[]): Candidate[] {
  const seen = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const earlier = seen.get(candidate.hex);
    if (earlier) drop(plan, candidate, envelopeOf(earlier));
    else seen.set(candidate.hex, candidate);
  }
  return [...seen.values()];
}

function givenIds(segment: Segment): Candidate[] {
  const { payload, starts } = segment;
  const candidates: Candidate[] = [];
  for (const { tenant, first, count } of runsOf(segment)) {
    for (let row = first; row < first + count; row++) {
      const at = { start: starts[row] as number };
      if ((rowFlags(payload, at) & FLAG_ID_GIVEN) === 0) continue;
      const id = rowId(payload, at);
      candidates.push({ tenant, segment, row, id, hex: id.toString('hex') });
    }
  }
  return candidates;
}

function groupBy<T, K>(items: T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

const envelopeOf = ({ segment, row }: Candidate): string => rowEnvelope(segment.payload, viewOf(segment, row));

function drop(plan: BatchPlan, candidate: Candidate, stored: string): void {
  const { segment, row, tenant } = candidate;
  (plan.dropped[segment.id] ??= []).push(row);
  if (sameEvent(envelopeOf(candidate), stored)) plan.duplicates[tenant] = (plan.duplicates[tenant] ?? 0) + 1;
  else plan.conflicts.push({ segment: segment.id, row, ...CONFLICT });
}

const CONFLICT: Pick<RefusedRow, 'reasonCode' | 'reason'> = {
  reasonCode: 'ID_CONFLICT',
  reason: 'another event with this id and other content is in the log',
};
