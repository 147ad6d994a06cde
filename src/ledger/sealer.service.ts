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
import { SealingAgenda } from './sealing-agenda';
import { SealingStateStore } from './sealing-state';
import { Witnesses } from './witnesses';

/** Short, since events wait for so long when a leader dies; an overlap does no harm. */
const LEASE_MS = 4000;
const TICK_MS = 1000;
/** How often ClickHouse is asked for what no message told of. */
const SURVEY_MS = 10_000;
/** Batches may land out of their order, by so many at most. */
const BATCHES_BACK = 1000;

const landed = z.object({ tenants: z.array(z.object({ tenant: z.string() })) });

/** When to seal: one worker leads, woken by landed batches, by a tick, and by the heartbeat. */
@Injectable()
export class SealerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Sealer');
  private readonly leadership: Leadership;
  private readonly subscriber: Redis;
  private readonly agenda: SealingAgenda;
  private leading = false;
  private fence: number | undefined;
  private batch = 0;
  private surveyedAt = 0;
  private stopping = false;
  private trouble: string | undefined;
  private loop: Promise<void> | undefined;
  private wake: () => void = () => {};

  private readonly delay = new Histogram({
    name: 'audit_ledger_seal_seconds',
    help: 'From the landing of a batch to the checkpoint over it',
    buckets: [0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30],
  });
  private readonly count = new Counter({ name: 'audit_ledger_checkpoints_total', help: 'Checkpoints signed' });
  private readonly size = new Gauge({ name: 'audit_ledger_sealed_leaves', help: 'Leaves under checkpoints' });
  private readonly lag = new Gauge({
    name: 'audit_ledger_lag_seconds',
    help: 'Age of the oldest landed batch that is not sealed',
  });
  private readonly alarms = new Gauge({
    name: 'audit_ledger_halted',
    help: 'Ledgers that are not sealed because of a contradiction: call an operator',
  });

  constructor(
    private readonly sealer: Sealer,
    private readonly store: LedgerStore,
    private readonly states: SealingStateStore,
    private readonly witnesses: Witnesses,
    private readonly selfAudit: SelfAudit,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(REDIS) redis: Redis,
    private readonly keys: RedisKeys,
  ) {
    this.leadership = new Leadership(redis, { leader: keys.ledgerLeader(), fence: keys.ledgerFence() }, LEASE_MS);
    this.subscriber = connectRedis(config, { blocking: true });
    this.agenda = new SealingAgenda(config.ledger.heartbeatMs);
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
    await this.witnesses.stop();
    this.subscriber.disconnect();
    await this.leadership.release().catch((error: Error) => this.log.debug(error.message));
  }

  private landed(message: string): void {
    const now = this.clock.now();
    for (const { tenant } of landed.parse(JSON.parse(message)).tenants) this.agenda.landed(tenant, now);
    this.wake();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      const began = Date.now();
      const did = await this.step().catch((error: unknown) => this.failed(error));
      if (did !== 'failed') this.trouble = undefined;
      if (did === 'more') continue;
      if (did !== 'idle') await this.sleep(began + this.config.ledger.intervalMs - Date.now());
      if (!this.leading || this.agenda.isEmpty) await this.untilWoken(TICK_MS);
    }
  }

  /** The same trouble every second is said once. */
  private failed(error: unknown): 'failed' {
    const text = error instanceof Error ? error.message : String(error);
    if (text !== this.trouble) this.log.warn(`not sealed: ${text}`);
    this.trouble = text;
    return 'failed';
  }

  /** Leads if it may, and does one round. `more` asks for the next at once. */
  private async step(): Promise<'idle' | 'sealed' | 'more'> {
    const fence = await this.leadership.take();
    if (fence === undefined) {
      if (this.leading) this.log.log('another worker seals the ledgers now');
      this.leading = false;
      this.agenda.leave();
      for (const gauge of [this.size, this.lag, this.alarms]) gauge.set(0);
      return 'idle';
    }
    if (fence !== this.fence || !this.leading) await this.lead(fence);
    if (this.clock.now() - this.surveyedAt > SURVEY_MS) await this.survey(Math.max(0, this.batch - BATCHES_BACK));
    await this.witnesses.daily();
    try {
      return await this.round();
    } finally {
      await this.report();
    }
  }

  private async round(): Promise<'idle' | 'sealed' | 'more'> {
    const { tenants, renew, more } = this.agenda.begin(this.clock.now());
    if (tenants.length === 0) return 'idle';
    const renewal = setInterval(() => {
      // A lease that is lost meanwhile does no harm, see CheckpointHeads.
      this.leadership.take().catch((error: Error) => this.log.debug(error.message));
    }, LEASE_MS / 3);
    try {
      const round = await this.sealer.round(tenants, renew);
      const { waited, stopped } = this.agenda.finish(round, this.clock.now());
      for (const ms of waited) this.delay.observe(ms / 1000);
      this.count.inc(round.checkpoints.length);
      this.witnesses.announce(round.checkpoints);
      for (const { tenant, reason } of stopped) await this.alarm(tenant, reason);
      return more || round.unfinished.length > 0 ? 'more' : 'sealed';
    } catch (error) {
      this.agenda.fail(this.clock.now());
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  /** A new leader trusts nothing it remembers. */
  private async lead(fence: number): Promise<void> {
    this.leading = false;
    this.sealer.forget();
    this.batch = 0;
    const checkpoints = await this.store.newestCheckpoints();
    for (const checkpoint of checkpoints) this.agenda.known(checkpoint);
    // The last leader may have died before its witnesses took them.
    this.witnesses.announce(checkpoints);
    await this.survey(0);
    this.leading = true;
    this.fence = fence;
    this.log.log(`seals the ledgers, ${checkpoints.length} so far`);
  }

  private async survey(batch: number): Promise<void> {
    const now = this.clock.now();
    for (const { tenant, end, lastBatch } of await this.store.tenantsSince(batch)) {
      this.batch = Math.max(this.batch, lastBatch);
      if (end > this.agenda.sizeOf(tenant)) this.agenda.landed(tenant, now);
    }
    this.surveyedAt = now;
  }

  private async report(): Promise<void> {
    const state = this.agenda.state(this.clock.now());
    this.size.set(state.sealed);
    this.lag.set(state.lagMs / 1000);
    this.alarms.set(Object.keys(state.halted).length);
    await this.states.write({ ...state, failing: this.witnesses.failures() });
  }

  /** The log gets one critical event for each reason; where that fails the metric and the state still tell. */
  private async alarm(tenant: string, reason: string): Promise<void> {
    try {
      await this.selfAudit.record(tenant, {
        eventType: 'AUDIT_VERIFICATION_FAILED',
        description:
          'The ledger is not sealed any further: what is stored contradicts what was sealed or signed before',
        context: { resourceType: 'ledger', resourceId: tenant },
        details: { reason },
      });
    } catch (error) {
      this.log.error(
        `the alarm about ${tenant} was not recorded: ${error instanceof Error ? error.message : 'unknown'}`,
      );
    }
  }

  private async sleep(ms: number): Promise<void> {
    const end = Date.now() + ms;
    while (!this.stopping && Date.now() < end) await this.untilWoken(end - Date.now());
  }

  private untilWoken(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wake = () => {};
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wake = done;
    });
  }
}
