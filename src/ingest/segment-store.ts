import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Queue } from 'bullmq';
import type { ChainableCommander, Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { uuidV7 } from '../events/uuid';
import { EVENTS_QUEUE, SegmentPointer, segmentJobOptions } from '../queues/segment';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { BufferGauge } from './buffer-gauge';
import { inTime } from './in-time';
import { commitSeconds, segmentRows } from './ingest-metrics';

/** The rows of one request, all of one tenant. */
export interface SegmentPart {
  tenant: string;
  rows: number;
  payload: Buffer;
}

/** How long Redis may take to have a segment on disk, ms. */
const TIMEOUT_MS = 10_000;

/** Makes segments durable in Redis: payload, books and the job that points to it. */
@Injectable()
export class SegmentStore implements OnApplicationShutdown {
  private readonly log = new Logger('SegmentStore');
  private queue: Promise<Queue> | undefined;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
    private readonly gauge: BufferGauge,
  ) {}

  /**
   * Resolves once Redis has payload and job on disk.
   * @throws AppError 503: `BUFFER_UNAVAILABLE` or `BUFFER_REFUSED` if nothing was stored, `OUTCOME_UNKNOWN` if it may have been.
   */
  async write(parts: SegmentPart[]): Promise<void> {
    if (this.redis.status !== 'ready') throw unavailable();
    const queue = await this.openQueue();
    const grouped = groupByTenant(parts);
    const pointer: SegmentPointer = {
      segment: uuidV7(this.clock.now()),
      runs: grouped.runs.map(({ tenant, rows }) => ({ tenant, rows })),
      bytes: grouped.payload.length,
      acceptedAt: this.clock.now(),
    };
    // One connection carries both, so Redis has the payload before the job; and one flush of its disk covers them.
    const ended = commitSeconds.startTimer();
    const stored = this.books(pointer, grouped).exec();
    const queued = queue.add('segment', pointer, segmentJobOptions(pointer.segment));
    const [books, job] = await Promise.allSettled([inTime(stored, TIMEOUT_MS), inTime(queued, TIMEOUT_MS)]);
    if (books.status === 'rejected' && !isRefused(books.reason)) throw unknown(books.reason);
    if (books.status === 'rejected') throw refused(books.reason);
    const failed = books.value?.find(([error]) => error)?.[0];
    if (failed) throw unknown(failed);
    this.gauge.learn(readReplies(books.value ?? [], grouped.runs), this.clock.now());
    // The payload is there without its job: the sweep for orphans will queue it, but nobody can say when.
    if (job.status === 'rejected') throw unknown(job.reason);
    ended();
    segmentRows.observe(pointer.runs.reduce((sum, run) => sum + run.rows, 0));
  }

  async onApplicationShutdown(): Promise<void> {
    const queue = await this.queue?.catch(() => undefined);
    await queue?.close();
  }

  private books(pointer: SegmentPointer, { runs, payload }: Grouped): ChainableCommander {
    const { keys } = this;
    const rows = runs.reduce((sum, run) => sum + run.rows, 0);
    const multi = this.redis
      .multi()
      .set(keys.segment(pointer.segment), payload)
      .hset(keys.pointers(), pointer.segment, JSON.stringify(pointer))
      .zadd(keys.segments(), pointer.acceptedAt, pointer.segment)
      .hincrby(keys.totals(), 'accepted', rows)
      .hincrby(keys.totals(), 'waitingRows', rows)
      .hincrby(keys.totals(), 'waitingBytes', payload.length)
      .zrange(keys.segments(), '0', '0', 'WITHSCORES');
    for (const run of runs) {
      const totals = keys.tenantTotals(run.tenant);
      multi
        .hincrby(totals, 'accepted', run.rows)
        .hincrby(totals, 'waitingRows', run.rows)
        .hincrby(totals, 'waitingBytes', run.bytes);
    }
    return multi;
  }

  /** A queue whose connection failed at its first breath never recovers, so it is opened anew. */
  private openQueue(): Promise<Queue> {
    this.queue ??= (async () => {
      const queue = new Queue(EVENTS_QUEUE, {
        connection: this.redis,
        prefix: this.keys.prefix,
        skipWaitingForReady: true,
        skipVersionCheck: true,
      });
      queue.on('error', (error) => this.log.warn(`queue: ${error.message}`));
      try {
        await inTime(queue.waitUntilReady(), TIMEOUT_MS);
        return queue;
      } catch (error) {
        this.queue = undefined;
        await queue.close().catch((closing: Error) => this.log.warn(`queue did not close: ${closing.message}`));
        throw unavailable(error);
      }
    })();
    return this.queue;
  }
}

interface Run {
  tenant: string;
  rows: number;
  bytes: number;
}

interface Grouped {
  runs: Run[];
  payload: Buffer;
}

/** One run of rows per tenant, in the order in which the tenants first appear. */
export function groupByTenant(parts: SegmentPart[]): Grouped {
  const byTenant = new Map<string, Run & { payloads: Buffer[] }>();
  for (const { tenant, rows, payload } of parts) {
    const run = byTenant.get(tenant) ?? { tenant, rows: 0, bytes: 0, payloads: [] };
    byTenant.set(tenant, run);
    run.rows += rows;
    run.bytes += payload.length;
    run.payloads.push(payload);
  }
  const runs = [...byTenant.values()];
  return { runs, payload: Buffer.concat(runs.flatMap((run) => run.payloads)) };
}

const FIRST_OF_TENANTS = 7;

/** What the replies to `books` say about what waits, so that back-pressure needs no round trip of its own. */
function readReplies(replies: [Error | null, unknown][], runs: Run[]) {
  const reply = (index: number) => replies[index]?.[1];
  return {
    waitingBytes: Number(reply(5)),
    oldestAt: Number((reply(6) as string[])[1]),
    tenants: runs.map((run, i) => ({ tenant: run.tenant, bytes: Number(reply(FIRST_OF_TENANTS + 3 * i + 2)) })),
  };
}

/** Redis did nothing of a command or transaction, most likely because its memory is full. */
export const isRefused = (error: unknown) => error instanceof Error && /^(EXECABORT|OOM)\b/.test(error.message);

const unavailable = (cause?: unknown) =>
  new AppError('BUFFER_UNAVAILABLE', 503, 'the buffer is not reachable; nothing was stored, send it again', {
    cause,
    retryAfter: 2,
  });

export const refused = (cause: unknown) =>
  new AppError('BUFFER_REFUSED', 503, 'the buffer takes no more; nothing was stored, send it again later', {
    cause,
    retryAfter: 5,
  });

const unknown = (cause: unknown) =>
  new AppError(
    'OUTCOME_UNKNOWN',
    503,
    'the events may or may not have been stored; sending them again is safe with the same Idempotency-Key or with ids of your own',
    { cause, retryAfter: 2 },
  );
