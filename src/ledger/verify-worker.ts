import { BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Redis } from 'ioredis';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { Leadership } from '../redis/leadership';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { LedgerStore } from './ledger-store';
import { planVerification } from './verify-plan';
import { VerifyService } from './verify.service';
import { VerifyStore } from './verify-store';

const CHECK_MS = 60_000;
const LEASE_MS = 3 * CHECK_MS;

/** Verifies each ledger by itself, in one worker: what is new, and from time to time everything. */
@Injectable()
export class VerifyWorker implements BeforeApplicationShutdown {
  private readonly log = new Logger('Verification');
  private readonly leadership: Leadership;
  private readonly stop = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly service: VerifyService,
    private readonly store: VerifyStore,
    private readonly ledger: LedgerStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) redis: Redis,
    keys: RedisKeys,
  ) {
    this.leadership = new Leadership(redis, { leader: keys.verifyLeader(), fence: keys.verifyFence() }, LEASE_MS);
  }

  @Interval(CHECK_MS)
  protected check(): void {
    this.running ??= this.runDue()
      .catch((error: Error) => this.log.warn(`ledgers were not verified, and will be: ${error.message}`))
      .finally(() => (this.running = undefined));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.running;
    await this.leadership.release().catch((error: Error) => this.log.debug(error.message));
  }

  /** Verifies the ledgers whose time has come, one after the other; two workers that both did so would do no harm. */
  async runDue(): Promise<void> {
    const { intervalMs, fullMs } = this.config.verify;
    if (intervalMs === 0 || (await this.leadership.take()) === undefined) return;
    const renewal = setInterval(() => {
      this.leadership.take().catch((error: Error) => this.log.debug(error.message));
    }, LEASE_MS / 3);
    try {
      for (const tenant of await this.store.tenants()) {
        if (this.stop.signal.aborted) return;
        const last = await this.ledger.lastVerification(tenant);
        const now = this.clock.now();
        // A new ledger is as old as its first checkpoint.
        const since = last?.startedAt ?? (await this.store.firstSigned(tenant)) ?? now;
        if (now - since < intervalMs) continue;
        const plan = planVerification(await this.store.sound(tenant), now, fullMs);
        await this.service.run(tenant, plan, undefined, undefined, this.stop.signal);
      }
    } catch (error) {
      if (!this.stop.signal.aborted) throw error;
    } finally {
      clearInterval(renewal);
    }
  }
}
