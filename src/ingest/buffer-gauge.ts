import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Clock } from '../common/clock';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import type { BufferState } from './back-pressure';

/** Knowledge older than this is read again, ms. */
const STALE_MS = 500;
const MANY_TENANTS = 10_000;

export interface Levels {
  waitingBytes: number;
  /** ms since the epoch; NaN when nothing waits. */
  oldestAt: number;
  tenants: { tenant: string; bytes: number }[];
}

/** What waits in Redis, as last heard: from the replies to our own writes or, when there were none lately, by asking. */
@Injectable()
export class BufferGauge {
  private waitingBytes = 0;
  private oldestAt = Number.NaN;
  private heardAt = Number.NEGATIVE_INFINITY;
  private readonly tenants = new Map<string, { bytes: number; heardAt: number }>();

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
  ) {}

  learn(levels: Levels, now: number): void {
    this.waitingBytes = levels.waitingBytes;
    this.oldestAt = levels.oldestAt;
    this.heardAt = now;
    if (this.tenants.size > MANY_TENANTS) this.tenants.clear();
    for (const { tenant, bytes } of levels.tenants) this.tenants.set(tenant, { bytes, heardAt: now });
  }

  /** Asks Redis only if nothing was heard lately. Rejects if Redis cannot be asked. */
  async read(tenant: string): Promise<BufferState> {
    const now = this.clock.now();
    const heardAt = Math.min(this.heardAt, this.tenants.get(tenant)?.heardAt ?? Number.NEGATIVE_INFINITY);
    if (now - heardAt > STALE_MS) await this.ask(tenant);
    return {
      waitingBytes: this.waitingBytes,
      oldestMs: Number.isNaN(this.oldestAt) ? 0 : Math.max(0, now - this.oldestAt),
      tenantBytes: this.tenants.get(tenant)?.bytes ?? 0,
    };
  }

  private async ask(tenant: string): Promise<void> {
    const [waiting, oldest, own] = await Promise.all([
      this.redis.hget(this.keys.totals(), 'waitingBytes'),
      this.redis.zrange(this.keys.segments(), '0', '0', 'WITHSCORES'),
      this.redis.hget(this.keys.tenantTotals(tenant), 'waitingBytes'),
    ]);
    this.learn(
      {
        waitingBytes: Number(waiting ?? 0),
        oldestAt: Number(oldest[1] ?? Number.NaN),
        tenants: [{ tenant, bytes: Number(own ?? 0) }],
      },
      this.clock.now(),
    );
  }
}
