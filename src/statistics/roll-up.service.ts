import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Gauge } from 'prom-client';
import { Config, CONFIG } from '../config/config';
import { Leadership } from '../redis/leadership';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { RollUp } from './roll-up';
import { RollupStore } from './rollup-store';

const LEASE_MS = 10_000;
/** How long after the leader was sure to lead its insert may start, by ClickHouse's clock. */
const START_MS = 5000;
/** Statistics are this far behind the events. More often would make more parts than it is worth. */
const PAUSE_MS = 5000;

/**
 * Counts what has landed, every few seconds; one worker leads. A leader that stalled may wake up when another leads: its insert
 * then starts past its deadline and stores nothing, or was ended by the new leader, who waits that long before its first.
 */
@Injectable()
export class RollUpService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('RollUp');
  private readonly leadership: Leadership;
  private readonly prefix: string;
  private readonly lag = new Gauge({
    name: 'audit_rollup_lag_seconds',
    help: 'Since when events may be missing in the statistics; 0 in workers that do not count them',
  });
  private fence: number | undefined;
  private inserts = 0;
  private doneAt: number | undefined;
  private trouble: string | undefined;
  private stopping = false;
  private wake: () => void = () => undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly rollUp: RollUp,
    private readonly store: RollupStore,
    @Inject(REDIS) redis: Redis,
    @Inject(CONFIG) config: Config,
    keys: RedisKeys,
  ) {
    this.leadership = new Leadership(redis, { leader: keys.rollupLeader(), fence: keys.rollupFence() }, LEASE_MS);
    this.prefix = `audit-rollup-${config.clickhouse.database}-`;
  }

  onApplicationBootstrap(): void {
    this.running = this.loop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
    await this.leadership.release().catch((error: Error) => this.log.debug(error.message));
  }

  private async loop(): Promise<void> {
    while (!this.stopping) {
      const did = await this.round().catch((error: unknown) => this.failed(error));
      if (did !== 'more') await this.sleep(PAUSE_MS);
    }
  }

  private async round(): Promise<'more' | 'done'> {
    const clock = await this.store.readClock();
    const fence = await this.leadership.take();
    if (fence === undefined || fence !== this.fence) {
      this.lag.set(0);
      this.fence = undefined;
      if (fence === undefined) return 'done';
      await this.begin(clock + START_MS);
      this.fence = fence;
      return 'more';
    }
    const did = await this.rollUp.step(`${this.prefix}${fence}-${++this.inserts}`, clock + START_MS);
    const now = Date.now();
    if (did === 'done') this.doneAt = now;
    this.lag.set(this.doneAt === undefined ? 0 : (now - this.doneAt) / 1000);
    this.trouble = undefined;
    return did;
  }

  /** Waits until no insert of a leader before us can start, and none runs. */
  private async begin(until: number): Promise<void> {
    for (let left = START_MS; left > 0 && !this.stopping; left = until - (await this.store.readClock())) {
      await this.sleep(Math.min(left, 1000));
      await this.leadership.take();
    }
    await this.store.settle(this.prefix);
  }

  /** What an insert that failed may still be doing has to end before the next; the same trouble is said once. */
  private failed(error: unknown): 'done' {
    this.fence = undefined;
    const text = error instanceof Error ? error.message : String(error);
    if (text !== this.trouble) this.log.warn(`events are not counted: ${text}`);
    this.trouble = text;
    return 'done';
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
