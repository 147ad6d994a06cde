import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { SearchStore } from './search-store';

/** Knows how far the ledger of a tenant is stored without a gap. */
@Injectable()
export class Frontier {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly store: SearchStore,
  ) {}

  /**
   * The first leaf index that may not be stored yet: all below are, none below will ever come.
   *
   * The next index is read before the batches in flight: a batch that is sequenced between the two lies at or behind the
   * index read, and one that lands between them is stored. The other way round, a batch could be missed.
   * @throws AppError 503 if Redis, or the store when it is needed, is away.
   */
  async of(tenant: string): Promise<number> {
    const [next, lowest] = await this.read(tenant);
    // Without the counter (no event yet, or Redis lost its data) nothing is in flight that could land below the last one.
    if (next === null) return this.stored(tenant);
    return Math.min(Number(next), lowest === undefined ? Infinity : Number(lowest));
  }

  private async read(tenant: string): Promise<[next: string | null, lowest: string | undefined]> {
    try {
      // Commands of one connection are carried out in the order in which they were given.
      const [next, first] = await Promise.all([
        this.redis.get(this.keys.nextLeaf(tenant)),
        this.redis.zrange(this.keys.inFlight(tenant), '0', '0', 'WITHSCORES'),
      ]);
      return [next, first[1]];
    } catch (cause) {
      throw new AppError('BUFFER_UNAVAILABLE', 503, 'the buffer does not answer; try again in a moment', {
        cause,
        retryAfter: 2,
      });
    }
  }

  private async stored(tenant: string): Promise<number> {
    const [row] = await this.store.rows<{ next: number }>(
      'SELECT if(count() = 0, 0, max(leaf_index) + 1) AS next FROM events WHERE tenant = {tenant:String}',
      { tenant },
    );
    return row?.next ?? 0;
  }
}
