import type { Redis } from 'ioredis';
import { RedisKeys } from '../redis/redis-keys';

/** The newest checkpoint signed for a tenant, as Redis remembers it. */
export interface Head {
  size: number;
  note: string;
}

/** Refuses a leader that is not the newest any more, and a smaller tree. ARGV: tenant, fence, size, JSON. */
const ADVANCE = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text then
  local head = cjson.decode(text)
  if head.fence > tonumber(ARGV[2]) or head.size > tonumber(ARGV[3]) then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
return 1`;

/**
 * Every checkpoint is written here before anybody can see it. So a ClickHouse that was set back (an old backup, rows removed)
 * is noticed before another history is signed, and of two sealers only the newer one signs.
 */
export class CheckpointHeads {
  constructor(
    private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  async get(tenant: string): Promise<Head | undefined> {
    const text = await this.redis.hget(this.keys.ledgerHeads(), tenant);
    return text === null ? undefined : (JSON.parse(text) as Head);
  }

  /** False if a newer leader or a larger tree was here before: then the checkpoint must not be given out. */
  async advance(tenant: string, fence: number, head: Head): Promise<boolean> {
    const json = JSON.stringify({ fence, ...head });
    const args = [this.keys.ledgerHeads(), tenant, String(fence), String(head.size), json];
    return (await this.redis.eval(ADVANCE, 1, ...args)) === 1;
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
