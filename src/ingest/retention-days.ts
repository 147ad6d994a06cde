import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Clock } from '../common/clock';
import { Config, CONFIG, RetentionClass } from '../config/config';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';

/** A changed policy holds everywhere within this time, ms. */
const FRESH_MS = 2000;

export type DaysByClass = Readonly<Record<RetentionClass, number>>;

/** How long what comes in now will be kept: as configured, unless the tenant has a policy. From Redis; knows no ClickHouse. */
@Injectable()
export class RetentionDays {
  private policies = new Map<string, Partial<Record<RetentionClass, number>>>();
  private readAt = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Rejects as Redis does when it cannot be asked. */
  async of(tenant: string): Promise<DaysByClass> {
    if (this.clock.now() - this.readAt >= FRESH_MS) {
      this.reading ??= this.read().finally(() => (this.reading = undefined));
      await this.reading;
    }
    const own = this.policies.get(tenant);
    return own ? { ...this.config.retention, ...own } : this.config.retention;
  }

  private async read(): Promise<void> {
    const at = this.clock.now();
    const policies = new Map<string, Partial<Record<RetentionClass, number>>>();
    for (const [name, days] of Object.entries(await this.redis.hgetall(this.keys.retentionDays()))) {
      const cut = name.lastIndexOf('/');
      const tenant = name.slice(0, cut);
      policies.set(tenant, { ...policies.get(tenant), [name.slice(cut + 1)]: Number(days) });
    }
    this.policies = policies;
    this.readAt = at;
  }
}
