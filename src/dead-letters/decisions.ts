import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { uuidV7 } from '../events/uuid';
import { EVENTS_QUEUE, segmentJobOptions, SegmentPointer } from '../queues/segment';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import type { DeadLetter } from './dead-letter';
import { receiptOf } from './replay-row';

export type Decision = 'replayed' | 'discarded';

/**
 * Decides to replay a letter and makes its row wait as a segment, in one step, so that it is neither sent twice nor counted
 * twice: in the books it moves from deadLettered to waiting. ARGV: prefix, tenant, letter, its batch, segment, payload,
 * pointer (JSON), now. Returns `sent`, the decision that was taken before, or `open`: the letter's batch is not committed,
 * so the books do not know the letter yet. Books that began after it (Redis was lost) take it as accepted.
 */
const REPLAY = `
local prefix, tenant, payload = ARGV[1], ARGV[2], ARGV[6]
local letter = prefix .. ':letter:' .. ARGV[3]
local decided = redis.call('GET', letter)
if decided then return decided end
if redis.call('EXISTS', prefix .. ':batch:' .. ARGV[4]) == 1 then return 'open' end
redis.call('SET', letter, 'replayed')
redis.call('SET', prefix .. ':seg:' .. ARGV[5], payload)
redis.call('HSET', prefix .. ':pointers', ARGV[5], ARGV[7])
redis.call('ZADD', prefix .. ':segments', ARGV[8], ARGV[5])
for _, totals in ipairs({prefix .. ':totals', prefix .. ':totals:' .. tenant}) do
  if tonumber(redis.call('HGET', totals, 'deadLettered') or '0') > 0 then
    redis.call('HINCRBY', totals, 'deadLettered', -1)
  else
    redis.call('HINCRBY', totals, 'accepted', 1)
  end
  redis.call('HINCRBY', totals, 'waitingRows', 1)
  redis.call('HINCRBY', totals, 'waitingBytes', #payload)
end
return 'sent'`;

/** How long a decision is remembered once ClickHouse has it: longer than any request that read the letter before. */
const REMEMBER_SECONDS = 3600;

/** What is decided about a letter, fixed in Redis before anything else happens: the first decision counts. */
@Injectable()
export class Decisions implements OnApplicationShutdown {
  private readonly log = new Logger('DeadLetters');
  private queue: Queue | undefined;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
  ) {}

  /**
   * Puts the row of a letter on its way, unless that was done before. Resolves with the decision that counts.
   * @throws AppError 503 if Redis is away or full, or if the letter's batch is still being written
   */
  async replay(letter: DeadLetter, row: Buffer): Promise<Decision> {
    const now = this.clock.now();
    const segment = uuidV7(now);
    const pointer: SegmentPointer = {
      segment,
      runs: [{ tenant: letter.tenant, rows: 1 }],
      bytes: row.length,
      acceptedAt: now,
      oldestReceipt: receiptOf(letter),
    };
    const args = [letter.tenant, letter.id, String(letter.batch), segment, row, JSON.stringify(pointer), String(now)];
    const outcome = String(await reachable(this.redis.eval(REPLAY, 0, this.keys.prefix, ...args)));
    if (outcome === 'open') {
      throw new AppError('DEAD_LETTER_BUSY', 503, 'the batch of this letter is still being written; try again', {
        retryAfter: 5,
      });
    }
    if (outcome === 'sent') await this.enqueue(pointer);
    return outcome === 'discarded' ? 'discarded' : 'replayed';
  }

  /** Resolves with the decision that counts. */
  async discard(letter: DeadLetter): Promise<Decision> {
    const key = this.keys.letter(letter.id);
    if (await reachable(this.redis.set(key, 'discarded', 'NX'))) return 'discarded';
    return (await reachable(this.redis.get(key))) === 'replayed' ? 'replayed' : 'discarded';
  }

  /** ClickHouse has the decision now. */
  async settled(letter: DeadLetter): Promise<void> {
    await this.redis
      .expire(this.keys.letter(letter.id), REMEMBER_SECONDS)
      .catch((error: Error) => this.log.warn(`a decision stays remembered: ${error.message}`));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue?.close();
  }

  /** The payload waits already: a worker's sweep finds it within half a minute if its job cannot be made. */
  private async enqueue(pointer: SegmentPointer): Promise<void> {
    try {
      this.queue ??= this.openQueue();
      await this.queue.add('segment', pointer, segmentJobOptions(pointer.segment));
    } catch (error) {
      this.log.warn(`segment ${pointer.segment} waits without a job: ${String(error)}`);
    }
  }

  private openQueue(): Queue {
    const queue = new Queue(EVENTS_QUEUE, {
      connection: this.redis,
      prefix: this.keys.prefix,
      skipWaitingForReady: true,
      skipVersionCheck: true,
    });
    queue.on('error', (error) => this.log.warn(`queue: ${error.message}`));
    return queue;
  }
}

async function reachable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new AppError('BUFFER_UNAVAILABLE', 503, 'the buffer takes nothing right now; try again', {
      cause,
      retryAfter: 5,
    });
  }
}
