import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Redis } from 'ioredis';
import { Clock } from '../common/clock';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { RetentionJob } from './retention-job';
import { dayOf } from './retention-policy';

const CHECK_MS = 5 * 60_000;

/** Runs retention once a day (UTC), for all tenants. */
@Injectable()
export class RetentionWorker {
  private readonly log = new Logger('Retention');
  private running = false;

  constructor(
    private readonly job: RetentionJob,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
  ) {}

  @Interval(CHECK_MS)
  protected async check(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await this.runOnceADay()
      .catch((error: Error) =>
        this.log.warn(`retention was not carried out, and will be tried again: ${error.message}`),
      )
      .finally(() => (this.running = false));
  }

  private async runOnceADay(): Promise<void> {
    const day = dayOf(this.clock.now());
    if ((await this.redis.get(this.keys.retentionRun())) === day) return;
    await this.job.run();
    await this.redis.set(this.keys.retentionRun(), day);
  }
}
