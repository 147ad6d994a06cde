import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { Progress, progressSchema, Sequence } from './progress';

/** What Redis says of the counting of batches. */
@Injectable()
export class RollUpState {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** Undefined where Redis knows nothing (yet). One atomic read. */
  async read(): Promise<{ sequence: Sequence | undefined; progress: Progress | undefined }> {
    const replies = await this.redis
      .multi()
      .exists(this.keys.ready())
      .get(this.keys.batchNumber())
      .hvals(this.keys.assigned())
      .get(this.keys.rollupProgress())
      .exec();
    const [ready, last, assigned, kept] = (replies ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as [number, string | null, string[], string | null];
    return {
      sequence:
        ready === 1 && last !== null ? { last: Number(last), inFlight: new Set(assigned.map(Number)) } : undefined,
      progress: kept === null ? undefined : progressSchema.parse(JSON.parse(kept)),
    };
  }

  async keep(progress: Progress): Promise<void> {
    await this.redis.set(this.keys.rollupProgress(), JSON.stringify(progress));
  }

  /** Batches given out, of all tenants, that are not counted yet. */
  async uncounted(): Promise<number> {
    const { sequence, progress } = await this.read();
    return Math.max(0, (sequence?.last ?? 0) - (progress?.upTo ?? 0)) + (progress?.holes.length ?? 0);
  }
}
