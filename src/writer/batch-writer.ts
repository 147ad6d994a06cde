import { Inject, Injectable, Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Config, CONFIG } from '../config/config';
import { FLAG_ID_GIVEN, rowFlags, rowId } from '../events/row';
import { EventSealer, PLAIN } from '../keys/event-sealer';
import { SubjectPersister } from '../keys/key-keeper';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import {
  countByTenant,
  countRows,
  LeafRange,
  openSegment,
  PlacedRun,
  placedSingles,
  placeName,
  placeRows,
  RefusedRow,
  runsOf,
  Segment,
  slices,
  tenantOf,
} from './batch';
import { Counters } from './counters';
import { DeadLetterStore } from './dead-letter-store';
import { EventWriter, Presence, refusesData } from './event-writer';
import { Manifest, ManifestStore, TenantOutcome } from './manifest-store';
import { quarantineRow } from './quarantine';
import { RepeatFinder } from './repeat-finder';
import { WriterMetrics } from './writer-metrics';

/** How long after its beginning an attempt may start to insert, by ClickHouse's clock. */
const LEASE_MS = 10_000;
const BACKOFF_MS = [100, 250, 500, 1000, 2000, 5000];
/** Receipt may lie this far before acceptance: a request repeated under its Idempotency-Key keeps its first receipt. */
const RECEIPT_SLACK_MS = 2 * 86_400_000;

/** Another writer has taken the batch over; it will be committed there. */
export class BatchLost extends Error {}

/**
 * Writes batches exactly once, see docs/architecture.md, "Exactly once".
 *
 * `write` resolves only when every row of the segments is stored, dropped as a repeat, or a dead letter, and nothing of
 * them is left in Redis. It rejects if no batch was made, or if another writer has it now.
 */
@Injectable()
export class BatchWriter {
  private readonly log = new Logger('BatchWriter');
  private stopping = false;

  constructor(
    private readonly manifests: ManifestStore,
    private readonly repeats: RepeatFinder,
    private readonly events: EventWriter,
    private readonly deadLetters: DeadLetterStore,
    private readonly counters: Counters,
    private readonly metrics: WriterMetrics,
    private readonly subjects: SubjectPersister,
    private readonly sealer: EventSealer,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Lets batches that cannot go on right now (ClickHouse away) give up; their manifests stay for the next writer. */
  stop(): void {
    this.stopping = true;
  }

  async write(given: Segment[]): Promise<void> {
    // A process that slept past the lock of a job gets the job again, and then holds its segment twice.
    const segments = [...new Map(given.map((segment) => [segment.id, segment])).values()];
    const manifest = await this.makeBatch(segments);
    await this.carryOut(manifest, segments, 'fresh');
  }

  /** Finishes a batch that another writer, or an earlier life of ours, has left behind. Returns once it is committed. */
  async takeOver(batch: number): Promise<void> {
    for (;;) {
      const manifest = await this.manifests.read(batch);
      if (!manifest) return;
      const left = manifest.deadline - (await this.events.readClock());
      if (left > 0) {
        await pause(Math.min(left + 1, 1000));
        continue;
      }
      const next = await this.manifests.nextAttempt(manifest, (await this.events.now()) + LEASE_MS);
      if (next === 'committed') return;
      if (next === 'lost') continue;
      this.log.warn(`taking over batch ${batch}, attempt ${next.attempt}`);
      this.metrics.takeovers.inc();
      return this.carryOut(next, await this.load(next), 'again');
    }
  }

  private async makeBatch(segments: Segment[]): Promise<Manifest> {
    const plan = await this.repeats.plan(segments);
    for (;;) {
      const deadline = (await this.events.now()) + LEASE_MS;
      const made = await this.manifests.sequence(plan, countByTenant(segments, plan), deadline);
      if (!('refused' in made)) return made;
      if (made.refused !== 'unready') throw new BatchLost(`segment ${made.segment} is ${made.refused}`);
      await this.counters.restore();
    }
  }

  private async carryOut(begun: Manifest, segments: Segment[], how: 'fresh' | 'again'): Promise<void> {
    let manifest = begun;
    let first = how === 'fresh';
    for (let failures = 0; ;) {
      let rows: PlacedRun[] = [];
      try {
        rows = await this.place(manifest, segments);
        if (first) await this.insert(manifest, rows);
        else await this.insertMissing(manifest, rows);
        const faults = await this.faults(manifest);
        if (faults.length === 0) return await this.commit(manifest, segments, rows);
        this.refuseExcess(manifest, faults);
        this.log.warn(`batch ${manifest.batch}, attempt ${manifest.attempt}: rows are missing, inserting them`);
      } catch (error) {
        if (error instanceof BatchLost) throw error;
        const poison = refusesData(error) ? await this.findPoison(manifest, rows, error.message) : undefined;
        this.log.warn(`batch ${manifest.batch}, attempt ${manifest.attempt}: ${messageOf(error)}`);
        this.metrics.retries.inc();
        if (this.stopping) throw error;
        if (!poison) await pause(BACKOFF_MS[Math.min(failures++, BACKOFF_MS.length - 1)] ?? 5000);
        manifest = { ...manifest, poison: poison ?? manifest.poison };
      }
      first = false;
      const next = await this.again(manifest);
      if (!next) return;
      manifest = next;
    }
  }

  /** The next attempt, as soon as ClickHouse and Redis can be asked; undefined if the batch is committed. */
  private async again(manifest: Manifest): Promise<Manifest | undefined> {
    for (let failures = 0; ; failures++) {
      try {
        await this.events.readClock();
        const next = await this.manifests.nextAttempt(manifest, (await this.events.now()) + LEASE_MS, manifest.poison);
        if (next === 'committed') return undefined;
        if (next === 'lost') throw new BatchLost(`batch ${manifest.batch} was taken over`);
        return next;
      } catch (error) {
        if (error instanceof BatchLost || this.stopping) throw error;
        await pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 5000);
      }
    }
  }

  private async insert(manifest: Manifest, rows: PlacedRun[]): Promise<void> {
    await this.subjects.flush();
    if (rows.length === 0) return;
    const began = performance.now();
    await this.events.insert(manifest.batch, manifest.attempt, manifest.deadline, slices(rows));
    this.metrics.insertSeconds.observe((performance.now() - began) / 1000);
  }

  private async insertMissing(manifest: Manifest, rows: PlacedRun[]): Promise<void> {
    await this.events.settle(manifest.batch, manifest.attempt - 1);
    // What no attempt can mend must not grow with each of them.
    this.refuseExcess(manifest, await this.faults(manifest));
    const since = manifest.plan.acceptedAt - RECEIPT_SLACK_MS;
    const all = placedSingles(rows);
    const missing: PlacedRun[] = [];
    for (const { tenant } of manifest.ranges) {
      const there = await this.events.leaves(manifest.batch, tenant, since);
      missing.push(...all.filter((row) => row.tenant === tenant && !there.has(row.leaf)));
    }
    await this.insert(manifest, missing);
  }

  private async faults({ batch, ranges, plan }: Manifest): Promise<Fault[]> {
    if (ranges.length === 0) return [];
    return incomplete(ranges, await this.events.presence(batch, ranges, plan.acceptedAt - RECEIPT_SLACK_MS));
  }

  private refuseExcess(manifest: Manifest, faults: Fault[]): void {
    if (!faults.some((fault) => fault.excess)) return;
    this.metrics.anomalies.inc();
    throw new Error(`batch ${manifest.batch} has rows it should not have: ${JSON.stringify(faults)}`);
  }

  private async place(manifest: Manifest, segments: Segment[]): Promise<PlacedRun[]> {
    const { sign } = manifest.poison.length > 0 ? await this.sealer.prepareOwn() : PLAIN;
    const instead = new Map<string, Buffer>();
    for (const refused of manifest.poison) {
      const segment = segments.find(({ id }) => id === refused.segment);
      if (!segment) throw new Error(`batch ${manifest.batch} has no segment ${refused.segment}`);
      instead.set(
        placeName(refused.segment, refused.row),
        quarantineRow(segment, refused, this.config.retention, sign),
      );
    }
    return placeRows(segments, manifest.plan, manifest.ranges, instead);
  }

  /** Halves the rows until each that ClickHouse refuses stands alone. Undefined if it refuses none of them alone. */
  private async findPoison(manifest: Manifest, rows: PlacedRun[], reason: string): Promise<RefusedRow[] | undefined> {
    const found: RefusedRow[] = [];
    const search = async (part: PlacedRun[]): Promise<void> => {
      const error = await this.refusal(part);
      if (error === undefined) return;
      const [only] = part;
      if (part.length === 1 && only) {
        found.push({ segment: only.segment.id, row: only.first, reasonCode: 'REFUSED_BY_STORE', reason: error });
        return;
      }
      const middle = part.length >> 1;
      await search(part.slice(0, middle));
      await search(part.slice(middle));
    };
    try {
      await search(placedSingles(rows));
    } catch (error) {
      this.log.warn(`batch ${manifest.batch}: the refused rows could not be found yet: ${messageOf(error)}`);
      return undefined;
    }
    if (found.length === 0) {
      this.log.error(`batch ${manifest.batch} is refused, but none of its rows is: ${reason}`);
      return undefined;
    }
    return [...manifest.poison, ...found];
  }

  private async refusal(rows: PlacedRun[]): Promise<string | undefined> {
    try {
      await this.events.rehearse(slices(rows));
      return undefined;
    } catch (error) {
      if (refusesData(error)) return error.message;
      throw error;
    }
  }

  private async commit(manifest: Manifest, segments: Segment[], rows: PlacedRun[]): Promise<void> {
    await this.deadLetters.store(manifest, segments, rows);
    const outcomes = outcomesOf(manifest, segments);
    await this.manifests.commit(manifest, outcomes, claimedIds(segments));
    this.metrics.committed(countRows(rows), outcomes);
  }

  private async load(manifest: Manifest): Promise<Segment[]> {
    return Promise.all(
      manifest.plan.segments.map(async (id) => {
        const payload = await this.redis.getBuffer(this.keys.segment(id));
        const pointer = await this.redis.hget(this.keys.pointers(), id);
        if (!payload || !pointer) throw new Error(`batch ${manifest.batch} lacks segment ${id}`);
        return openSegment(JSON.parse(pointer) as Segment['pointer'], payload);
      }),
    );
  }
}

interface Fault {
  tenant: string;
  expected: number;
  rows: number;
  /** There are rows that should not be there. */
  excess: boolean;
}

/** Ranges whose rows are not exactly there. Pure. */
export function incomplete(ranges: LeafRange[], present: Presence[]): Fault[] {
  return ranges.flatMap(({ tenant, start, count }) => {
    const found = present.find((p) => p.tenant === tenant);
    const rows = Number(found?.rows ?? 0);
    const inside = !found || (Number(found.first) >= start && Number(found.last) < start + count);
    const excess = rows > count || !inside || (found !== undefined && Number(found.leaves) !== rows);
    return rows === count && !excess ? [] : [{ tenant, expected: count, rows, excess }];
  });
}

function outcomesOf(manifest: Manifest, segments: Segment[]): TenantOutcome[] {
  const byTenant = new Map<string, TenantOutcome>();
  for (const { segment, tenant, first, count } of segments.flatMap(runsOf)) {
    const zero = { tenant, rows: 0, bytes: 0, stored: 0, duplicates: 0, deadLettered: 0, quarantined: 0 };
    const outcome = byTenant.get(tenant) ?? zero;
    byTenant.set(tenant, outcome);
    outcome.rows += count;
    outcome.bytes += (segment.starts[first + count] as number) - (segment.starts[first] as number);
  }
  const ownerOf = ({ segment: id, row }: RefusedRow) => {
    const segment = segments.find((each) => each.id === id);
    return segment && tenantOf(segment, row);
  };
  for (const outcome of byTenant.values()) {
    const { tenant } = outcome;
    outcome.duplicates = manifest.plan.duplicates[tenant] ?? 0;
    outcome.quarantined = manifest.poison.filter((refused) => ownerOf(refused) === tenant).length;
    outcome.deadLettered = outcome.quarantined + manifest.plan.conflicts.filter((c) => ownerOf(c) === tenant).length;
    outcome.stored = outcome.rows - outcome.duplicates - outcome.deadLettered;
  }
  return [...byTenant.values()];
}

function claimedIds(segments: Segment[]): { tenant: string; ids: Buffer[] }[] {
  const byTenant = new Map<string, Buffer[]>();
  for (const { segment, tenant, first, count } of segments.flatMap(runsOf)) {
    const { payload, starts } = segment;
    for (let row = first; row < first + count; row++) {
      const at = { start: starts[row] as number };
      if ((rowFlags(payload, at) & FLAG_ID_GIVEN) === 0) continue;
      const ids = byTenant.get(tenant) ?? [];
      byTenant.set(tenant, ids);
      ids.push(rowId(payload, at));
    }
  }
  return [...byTenant].map(([tenant, ids]) => ({ tenant, ids }));
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
