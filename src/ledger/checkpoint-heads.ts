import type { Redis } from 'ioredis';
import { RedisKeys } from '../redis/redis-keys';

/** The newest checkpoint signed for a tenant, as Redis remembers it: the signed note. */
export type Head = string | undefined;

/** ARGV: tenant, the head that is expected ('' for none), the next. */
const ADVANCE = `
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`;

/**
 * What makes a fork impossible: a checkpoint is written here before anybody can see it, and only in the place of the very
 * checkpoint that it was proved to continue. So of two sealers, or of one that stalled and goes on, only one gets through, and a
 * ClickHouse that was set back (an old backup, rows removed) is noticed before another history is signed.
 */
export class CheckpointHeads {
  constructor(
    private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  async get(tenant: string): Promise<Head> {
    return (await this.redis.hget(this.keys.ledgerHeads(), tenant)) ?? undefined;
  }

  /** False if `expected` is not the head any more: then the next checkpoint must not be given out. */
  async advance(tenant: string, expected: Head, next: string): Promise<boolean> {
    return (await this.redis.eval(ADVANCE, 1, this.keys.ledgerHeads(), tenant, expected ?? '', next)) === 1;
  }

  /** The leaf index up to which a tenant's batches are committed; undefined while Redis does not know. */
  async frontier(tenant: string): Promise<number | undefined> {
    const replies = await this.redis
      .multi()
      .exists(this.keys.ready())
      .zrange(this.keys.inFlight(tenant), '0', '0', 'WITHSCORES')
      .get(this.keys.nextLeaf(tenant))
      .exec();
    const [ready, oldest, next] = (replies ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as [number, string[], string | null];
    if (ready === 0) return undefined;
    if (oldest[1] !== undefined) return Number(oldest[1]);
    return next === null ? undefined : Number(next);
  }
}
