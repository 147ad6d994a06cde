import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Counter, Gauge, Histogram } from 'prom-client';
import { z } from 'zod';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { SelfAudit } from '../ingest/self-audit';
import { Leadership } from '../redis/leadership';
import { connectRedis, REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { LedgerStore } from './ledger-store';
import { Sealer } from './sealer';
import { Witnesses } from './witnesses';

const LEASE_MS = 15_000;
const TICK_MS = 1000;
/** How often ClickHouse is asked for what no message told of. */
const SURVEY_MS = 10_000;
/** Batches may land out of their order, by so many at most. */
const BATCHES_BACK = 1000;
/** A ledger with an alarm is looked at again after this time. */
const HALT_MS = 60_000;
const MAX_TENANTS = 200;

const landed = z.object({ tenants: z.array(z.object({ tenant: z.string() })) });

/** When to seal what: one worker leads, woken by landed batches, by a tick, and by the heartbeat. */
@Injectable()
export class SealerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Sealer');
  private readonly leadership: Leadership;
  private readonly subscriber: Redis;
  /** Tenants with something to seal, and since when we know. */
  private readonly pending = new Map<string, number>();
  private readonly signedAt = new Map<string, number>();
  private readonly sizes = new Map<string, number>();
  private readonly halted = new Map<string, { reason: string; until: number }>();
  private leading = false;
  private batch = 0;
  private surveyedAt = 0;
  private stopping = false;
  private loop: Promise<void> | undefined;
  private wake: () => void = () => {};

  private readonly delay = new Histogram({
    name: 'audit_ledger_seal_seconds',
    help: 'From the landing of a batch to the checkpoint over it',
    buckets: [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30],
  });
  private readonly count = new Counter({ name: 'audit_ledger_checkpoints_total', help: 'Checkpoints signed' });
  private readonly alarms = new Gauge({
    name: 'audit_ledger_halted',
    help: 'Ledgers that are not sealed because of a contradiction: call an operator',
  });

  constructor(
    private readonly sealer: Sealer,
    private readonly store: LedgerStore,
    private readonly witnesses: Witnesses,
    private readonly selfAudit: SelfAudit,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) redis: Redis,
    private readonly keys: RedisKeys,
  ) {
    this.leadership = new Leadership(redis, { leader: keys.ledgerLeader(), fence: keys.ledgerFence() }, LEASE_MS);
    this.subscriber = connectRedis(config, { blocking: true });
  }

  async onApplicationBootstrap(): Promise<void> {
    this.subscriber.on('message', (_channel, message: string) => this.landed(message));
    // Messages of the time without a connection are lost.
    this.subscriber.on('ready', () => (this.surveyedAt = 0));
    await this.subscriber.subscribe(this.keys.landed());
    this.loop = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.loop;
    this.subscriber.disconnect();
    await this.leadership.release().catch((error: Error) => this.log.debug(error.message));
  }

  private landed(message: string): void {
    for (const { tenant } of landed.parse(JSON.parse(message)).tenants) this.note(tenant);
    this.wake();
  }

  private note(tenant: string): void {
    if (!this.pending.has(tenant) && !this.halted.has(tenant)) this.pending.set(tenant, this.clock.now());
  }

  private async run(): Promise<void> {
    let roundAt = 0;
    while (!this.stopping) {
      const busy = await this.step().catch((error: unknown) => {
        this.log.warn(`not sealed: ${error instanceof Error ? error.message : String(error)}`);
        return 'failed' as const;
      });
      if (busy === 'more') continue;
      if (busy === 'sealed' || busy === 'failed') roundAt = Date.now();
      await this.pause(roundAt + this.config.ledger.intervalMs - Date.now());
    }
  }

  /** Waits for `ms` at least, and then until something lands or a tick passes. */
  private async pause(ms: number): Promise<void> {
    if (ms > 0) await this.sleep(ms, true);
    if (!this.stopping && !(this.leading && this.pending.size > 0)) await this.sleep(TICK_MS, false);
  }

  private sleep(ms: number, deaf: boolean): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      const previous = this.wake;
      this.wake = () => {
        if (!deaf || this.stopping) done();
      };
      const restore = () => (this.wake = previous);
      function done() {
        clearTimeout(timer);
        restore();
        resolve();
      }
    });
  }

  private async step(): Promise<'idle' | 'sealed' | 'more'> {
    const fence = await this.leadership.take();
    if (fence === undefined) {
      this.leading = false;
      this.pending.clear();
      return 'idle';
    }
    if (!this.leading) await this.begin();
    const now = this.clock.now();
    if (now - this.surveyedAt > SURVEY_MS) await this.survey(Math.max(0, this.batch - BATCHES_BACK));
    const renew = this.due(now);
    const retried = [...this.halted].filter(([, { until }]) => until <= now).map(([tenant]) => tenant);
    const work = [...new Set([...this.pending.keys(), ...renew, ...retried])].slice(0, MAX_TENANTS);
    if (work.length === 0) return 'idle';
    const since = new Map(work.map((tenant) => [tenant, this.pending.get(tenant)]));
    for (const tenant of work) this.pending.delete(tenant);
    const renewal = setInterval(() => void this.leadership.take().catch(() => undefined), LEASE_MS / 3);
    try {
      const round = await this.sealer.round(work, renew, fence);
      for (const { tenant, size, signedAt } of round.checkpoints) {
        const waited = since.get(tenant);
        if (waited !== undefined) this.delay.observe((this.clock.now() - waited) / 1000);
        this.signedAt.set(tenant, signedAt);
        this.sizes.set(tenant, size);
        this.halted.delete(tenant);
      }
      this.count.inc(round.checkpoints.length);
      round.unfinished.forEach((tenant) => this.note(tenant));
      for (const { tenant, reason } of round.alarms) await this.halt(tenant, reason);
      this.alarms.set(this.halted.size);
      this.witnesses.announce(round.checkpoints);
      return round.unfinished.length > 0 || work.length === MAX_TENANTS ? 'more' : 'sealed';
    } catch (error) {
      work.forEach((tenant) => this.note(tenant));
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  /** A new leader trusts nothing it remembers. */
  private async begin(): Promise<void> {
    this.sealer.forget();
    this.batch = 0;
    for (const { tenant, size, signedAt } of await this.store.newestCheckpoints()) {
      this.sizes.set(tenant, size);
      this.signedAt.set(tenant, signedAt);
    }
    await this.survey(0);
    this.leading = true;
    this.log.log(`seals the ledgers; ${this.pending.size} of ${this.sizes.size} have something new`);
  }

  private async survey(batch: number): Promise<void> {
    this.surveyedAt = this.clock.now();
    for (const found of await this.store.tenantsSince(batch)) {
      this.batch = Math.max(this.batch, found.lastBatch);
      if (found.end > (this.sizes.get(found.tenant) ?? 0)) this.note(found.tenant);
    }
  }

  private due(now: number): Set<string> {
    const { heartbeatMs } = this.config.ledger;
    if (heartbeatMs === 0) return new Set();
    const old = [...this.signedAt].filter(([tenant, at]) => now - at >= heartbeatMs && !this.halted.has(tenant));
    return new Set(old.map(([tenant]) => tenant));
  }

  /** Stops a ledger for a while; the log gets one critical event for each reason. */
  private async halt(tenant: string, reason: string): Promise<void> {
    const known = this.halted.get(tenant)?.reason === reason;
    this.halted.set(tenant, { reason, until: this.clock.now() + HALT_MS });
    this.pending.delete(tenant);
    if (known) return;
    await this.selfAudit.record(tenant, {
      eventType: 'AUDIT_VERIFICATION_FAILED',
      description: 'The ledger is not sealed any further: what is stored contradicts what was sealed or signed before',
      context: { resourceType: 'ledger', resourceId: tenant },
      details: { reason },
    });
  }
}
