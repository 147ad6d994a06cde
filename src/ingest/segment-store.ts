import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { uuidV7 } from '../events/uuid';
import { EVENTS_QUEUE, SegmentPointer, segmentJobOptions } from '../queues/segment';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { SetPieces } from '../redis/set-pieces';
import { BufferGauge, Levels } from './buffer-gauge';
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
/** How long a payload is kept that is not entered into the books, s. That follows at once, or something broke between the two. */
const UNENTERED_SECONDS = 60;

/**
 * Enters a segment into the books: from here on it waits for a writer. ARGV: prefix, segment, pointer (JSON), accepted at, bytes, then
 * tenant, rows, bytes of each run. Returns what waits now: {bytes, acceptance of the oldest segment, bytes of each tenant …}, or false
 * if the payload did not come. The first write is one that Redis refuses when its memory is full, so that it refuses all or nothing.
 */
const ENTER = `
local prefix, segment, acceptedAt, bytes = ARGV[1], ARGV[2], ARGV[4], ARGV[5]
if redis.call('EXISTS', prefix .. ':payload:' .. segment) == 0 then return false end
redis.call('HSET', prefix .. ':pointers', segment, ARGV[3])
redis.call('RENAME', prefix .. ':payload:' .. segment, prefix .. ':seg:' .. segment)
redis.call('PERSIST', prefix .. ':seg:' .. segment)
redis.call('ZADD', prefix .. ':segments', acceptedAt, segment)
local function enter(totals, rows, bytes)
  redis.call('HINCRBY', totals, 'accepted', rows)
  redis.call('HINCRBY', totals, 'waitingRows', rows)
  return redis.call('HINCRBY', totals, 'waitingBytes', bytes)
end
local all = 0
local ofTenants = {}
for i = 6, #ARGV, 3 do
  all = all + ARGV[i + 1]
  ofTenants[#ofTenants + 1] = enter(prefix .. ':totals:' .. ARGV[i], ARGV[i + 1], ARGV[i + 2])
end
local waiting = enter(prefix .. ':totals', all, bytes)
local oldest = redis.call('ZRANGE', prefix .. ':segments', 0, 0, 'WITHSCORES')
return {waiting, oldest[2], unpack(ofTenants)}`;

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
      bytes: grouped.bytes,
      acceptedAt: this.clock.now(),
    };
    // One connection carries all, so Redis has the payload before the books, these before the job; and one flush of its disk covers them.
    const ended = commitSeconds.startTimer();
    const payload = new SetPieces(this.keys.payload(pointer.segment), grouped.pieces, UNENTERED_SECONDS);
    const stored = this.redis.sendCommand(payload);
    const entered = this.enter(pointer, grouped);
    const queued = queue.add('segment', pointer, segmentJobOptions(pointer.segment));
    const [kept, books, job] = await Promise.allSettled([
      inTime(stored as Promise<unknown>, TIMEOUT_MS),
      inTime(entered, TIMEOUT_MS),
      inTime(queued, TIMEOUT_MS),
    ]);
    for (const refusal of [kept, books])
      if (isRejected(refusal) && isRefused(refusal.reason)) throw refused(refusal.reason);
    for (const failure of [kept, books]) if (isRejected(failure)) throw unknown(failure.reason);
    payload.release();
    if (books.status !== 'fulfilled' || books.value === null)
      throw unknown(new Error('Redis lost the payload at once'));
    this.gauge.learn(levelsOf(books.value, grouped.runs), this.clock.now());
    // The payload is there without its job: the sweep for orphans will queue it, but nobody can say when.
    if (job.status === 'rejected') throw unknown(job.reason);
    ended();
    segmentRows.observe(pointer.runs.reduce((sum, run) => sum + run.rows, 0));
  }

  async onApplicationShutdown(): Promise<void> {
    const queue = await this.queue?.catch(() => undefined);
    await queue?.close();
  }

  private enter(pointer: SegmentPointer, { runs, bytes }: Grouped): Promise<Entered | null> {
    const { segment, acceptedAt } = pointer;
    const ofRuns = runs.flatMap((run) => [run.tenant, String(run.rows), String(run.bytes)]);
    const { prefix } = this.keys;
    const about = [prefix, segment, JSON.stringify(pointer), String(acceptedAt), String(bytes)];
    return this.redis.eval(ENTER, 0, ...about, ...ofRuns) as Promise<Entered | null>;
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
  /** The payload, in its order. */
  pieces: Buffer[];
  bytes: number;
}

/** One run of rows per tenant, in the order in which the tenants first appear. */
export function groupByTenant(parts: SegmentPart[]): Grouped {
  const byTenant = new Map<string, { run: Run; pieces: Buffer[] }>();
  for (const { tenant, rows, payload } of parts) {
    const of = byTenant.get(tenant) ?? { run: { tenant, rows: 0, bytes: 0 }, pieces: [] };
    byTenant.set(tenant, of);
    of.run.rows += rows;
    of.run.bytes += payload.length;
    of.pieces.push(payload);
  }
  const all = [...byTenant.values()];
  return {
    runs: all.map(({ run }) => run),
    pieces: all.flatMap(({ pieces }) => pieces),
    bytes: all.reduce((sum, { run }) => sum + run.bytes, 0),
  };
}

/** The answer of `ENTER`. */
type Entered = [waitingBytes: number, oldestAt: string, ...ofTenants: number[]];

/** What waits, so that back-pressure needs no round trip of its own. */
function levelsOf([waitingBytes, oldestAt, ...ofTenants]: Entered, runs: Run[]): Levels {
  const tenants = runs.map(({ tenant }, i) => ({ tenant, bytes: ofTenants[i] ?? 0 }));
  return { waitingBytes, oldestAt: Number(oldestAt), tenants };
}

const isRejected = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  result.status === 'rejected';

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
