import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { advance, chunkOf, Progress, progressSchema, Sequence, windowOf } from './progress';
import { RollupStore } from './rollup-store';

/**
 * Counts committed batches into `rollups`, each exactly once: an insert stores counts and the names of its batches in one
 * part, and only batches whose names are not there are counted. That holds as long as one insert runs at a time, for which
 * whoever calls this leads, see RollUpService.
 */
@Injectable()
export class RollUp {
  constructor(
    private readonly store: RollupStore,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /**
   * Counts the next batches; `done` if nothing was left.
   * @param queryId of the insert, which may be repeated under it only when it has ended
   * @param deadline by ClickHouse's clock, ms: an insert that starts later stores nothing
   */
  async step(queryId: string, deadline: number): Promise<'more' | 'done'> {
    const { sequence, progress } = await this.state();
    if (!sequence) return 'done';
    const window = windowOf(progress, sequence);
    if (window.to === window.after && window.holes.length === 0) return 'done';
    const pending = await this.store.pending(window);
    const chunk = chunkOf(pending);
    if (chunk.length > 0) {
      await this.store.count(chunk, queryId, deadline);
      const there = await this.store.counted(chunk);
      if (there !== chunk.length)
        throw new Error(`${chunk.length - there} of ${chunk.length} batches were not counted`);
    }
    const batches = pending.map(({ batch }) => batch);
    const next = advance(progress, sequence, window, batches, chunk);
    await this.redis.set(this.keys.rollupProgress(), JSON.stringify(next));
    return next.upTo < sequence.last || chunk.length < pending.length ? 'more' : 'done';
  }

  private async state(): Promise<{ sequence: Sequence | undefined; progress: Progress }> {
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
    const sequence =
      ready === 1 && last !== null ? { last: Number(last), inFlight: new Set(assigned.map(Number)) } : undefined;
    if (kept !== null) return { sequence, progress: progressSchema.parse(JSON.parse(kept)) };
    const first = sequence && (await this.store.firstUncounted());
    return { sequence, progress: { upTo: first === undefined ? (sequence?.last ?? 0) : first - 1, holes: [] } };
  }
}
