import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Clock } from '../common/clock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';

/**
 * Where accepted events are. Always: accepted = stored + waiting + duplicates + deadLettered.
 * `quarantined` counts the events that stand in the ledger in place of dead letters.
 */
export interface PipelineState {
  accepted: number;
  stored: number;
  waiting: number;
  duplicates: number;
  deadLettered: number;
  quarantined: number;
  waitingBytes: number;
  waitingSegments: number;
  /** Age of the oldest segment that is not stored yet; 0 when none waits. */
  oldestWaitingMs: number;
  /** accepted − (stored + waiting + duplicates + deadLettered): anything but 0 is an alarm. */
  unaccounted: number;
}

/** Reads the loss accounting that ingest and writer keep in Redis. */
@Injectable()
export class PipelineStateReader {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
  ) {}

  /** Of one tenant, or of all for undefined; the waiting segments are always those of all. One atomic read. */
  async read(tenant?: string): Promise<PipelineState> {
    const totals = tenant === undefined ? this.keys.totals() : this.keys.tenantTotals(tenant);
    const replies = await this.redis
      .multi()
      .hgetall(totals)
      .zcard(this.keys.segments())
      .zrange(this.keys.segments(), '0', '0', 'WITHSCORES')
      .exec();
    const [counts, segments, oldest] = (replies ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as [Record<string, string>, number, string[]];
    const count = (name: string) => Number(counts[name] ?? 0);
    const oldestAt = Number(oldest[1] ?? NaN);
    const state = {
      accepted: count('accepted'),
      stored: count('stored'),
      waiting: count('waitingRows'),
      duplicates: count('duplicates'),
      deadLettered: count('deadLettered'),
      quarantined: count('quarantined'),
      waitingBytes: count('waitingBytes'),
      waitingSegments: segments,
      oldestWaitingMs: Number.isNaN(oldestAt) ? 0 : Math.max(0, this.clock.now() - oldestAt),
    };
    const accounted = state.stored + state.waiting + state.duplicates + state.deadLettered;
    return { ...state, unaccounted: state.accepted - accounted };
  }
}
