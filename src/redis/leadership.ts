import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** Takes the lock if it is free or renews it if it is ours; returns the fence of the holder, 0 if that is another. */
const TAKE = `
local holder = redis.call('GET', KEYS[1])
if holder then
  local fence, name = holder:match('^(%d+)/(.*)$')
  if name ~= ARGV[1] then return 0 end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return tonumber(fence)
end
local fence = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], fence .. '/' .. ARGV[1], 'PX', ARGV[2])
return fence`;

const RELEASE = `
local holder = redis.call('GET', KEYS[1])
if holder and holder:match('^%d+/(.*)$') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`;

/**
 * One process of many leads. A leader that stalls past its lease may still believe that it leads, so whatever it writes
 * carries its fence, a number that rises with each leader, and older fences are refused where it counts.
 */
export class Leadership {
  private readonly name = `${hostname()}/${process.pid}/${randomUUID()}`;

  constructor(
    private readonly redis: Redis,
    private readonly keys: { leader: string; fence: string },
    private readonly leaseMs: number,
  ) {}

  /** Our fence if we lead (for another lease from now on), else undefined. */
  async take(): Promise<number | undefined> {
    const fence = await this.redis.eval(TAKE, 2, this.keys.leader, this.keys.fence, this.name, String(this.leaseMs));
    return Number(fence) || undefined;
  }

  async release(): Promise<void> {
    await this.redis.eval(RELEASE, 1, this.keys.leader, this.name);
  }
}
