import { ClickHouseClient } from '@clickhouse/client';
import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AlertRaiser } from '../alerts/alert-raiser';
import { AlertRestorer } from '../alerts/alert-restorer';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { Leadership } from '../redis/leadership';
import { connectRedis, REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { EventFeed } from './event-feed';
import { RuleMetrics } from './rule-metrics';
import { RuleStateStore } from './rule-state-store';
import { RuleStore } from './rule-store';
import { RuleServices, TenantRules } from './tenant-rules';

/** Tenants are looked at this often even if nobody says that something landed. */
const POLL_MS = 500;
const LEASE_MS = 5000;
const RENEW_MS = 1000;
/** So often what rules remember is kept; after a crash so much is evaluated again. */
const KEEP_MS = 10_000;
/** Keeping takes this part of the time at most, however much there is to keep. */
const KEEP_SHARE = 20;
const TICK_MS = 2000;
/** Steps after which other tenants get their turn. */
const STEPS_IN_A_ROW = 5;
/** A tenant of whom nothing comes leaves the memory after so long. */
const IDLE_MS = 10 * 60_000;

/**
 * Evaluates the rules of all tenants as their batches land. One process leads; another takes over when it is gone. Two that
 * believe to lead do no harm, since the cursor of a tenant moves only from where it was expected.
 */
@Injectable()
export class LiveEvaluation implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Rules');
  private readonly leadership: Leadership;
  private readonly services: RuleServices;
  private readonly tenants = new Map<string, TenantRules>();
  private timed: string[] = [];
  private subscriber: Redis | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  private wake: () => void = () => undefined;
  private isAwake = false;
  private keepEveryMs = KEEP_MS;
  private at = { renewed: 0, kept: 0, ticked: 0, leads: false };

  constructor(
    rules: RuleStore,
    private readonly states: RuleStateStore,
    feed: EventFeed,
    raiser: AlertRaiser,
    private readonly restorer: AlertRestorer,
    private readonly metrics: RuleMetrics,
    private readonly clock: Clock,
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(REDIS) redis: Redis,
    private readonly keys: RedisKeys,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.leadership = new Leadership(redis, { leader: keys.rulesLeader(), fence: keys.rulesFence() }, LEASE_MS);
    const { latenessMs } = config.alerting;
    this.services = { rules, states, feed, raiser, latenessMs, now: () => clock.now() };
  }

  onApplicationBootstrap(): void {
    if (!this.config.alerting.enabled) return;
    this.subscriber = connectRedis(this.config, { blocking: true });
    this.subscriber.on('message', () => this.wakeUp());
    this.subscriber
      .subscribe(this.keys.landed())
      .catch((error: Error) => this.log.warn(`not told of what lands: ${error.message}`));
    this.running = this.loop();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.wakeUp();
    await this.running;
    this.subscriber?.disconnect();
  }

  private async loop(): Promise<void> {
    while (!this.stopped) {
      try {
        if (await this.leads()) await this.round();
      } catch (error) {
        this.log.warn(`rules wait: ${messageOf(error)}`);
      }
      await this.rest();
    }
    await this.leave().catch((error: unknown) => this.log.warn(messageOf(error)));
  }

  /** Whether this process leads; asked again often enough to stay so. */
  private async leads(): Promise<boolean> {
    const now = performance.now();
    if (this.at.leads && now - this.at.renewed < RENEW_MS) return true;
    const leads = (await this.leadership.take()) !== undefined;
    this.at.renewed = now;
    if (leads && !this.at.leads) {
      this.tenants.clear();
      await this.begin();
    }
    if (!leads) this.tenants.clear();
    this.at.leads = leads;
    return leads;
  }

  /** Evaluates what has landed, then does what is due by time. */
  async round(): Promise<void> {
    for (const tenant of await this.states.pending()) {
      if (this.stopped) return;
      await this.catchUp(tenant);
    }
    const now = this.clock.now();
    if (now - this.at.ticked >= TICK_MS) {
      this.at.ticked = now;
      await this.tick();
    }
    if (now - this.at.kept >= this.keepEveryMs) {
      this.at.kept = now;
      this.timed = await this.tenantsWithAbsence();
      await this.keepAll();
      this.keepEveryMs = Math.max(KEEP_MS, (this.clock.now() - now) * KEEP_SHARE);
    }
  }

  private async catchUp(tenant: string): Promise<void> {
    try {
      for (let steps = 0; steps < STEPS_IN_A_ROW; steps++) {
        const rules = await this.rulesOf(tenant);
        const { stored } = await this.states.position(tenant);
        if (rules.position >= stored) return await this.states.finish(tenant);
        const step = await rules.step(stored);
        if (!step) {
          this.tenants.delete(tenant);
          return;
        }
        this.metrics.stepped(step, this.clock.now());
        if (!(await this.leads()) || this.stopped) return;
      }
      this.wakeUp();
    } catch (error) {
      // What rules remember may be ahead of the cursor now: take it up anew.
      this.tenants.delete(tenant);
      this.log.warn(`the rules of ${tenant} will be evaluated again: ${messageOf(error)}`);
    }
  }

  private async rulesOf(tenant: string): Promise<TenantRules> {
    const known = this.tenants.get(tenant);
    const { cursor } = await this.states.position(tenant);
    if (known?.position === cursor) return known;
    const loaded = await TenantRules.load(tenant, this.services, cursor);
    this.tenants.set(tenant, loaded);
    return loaded;
  }

  private async tick(): Promise<void> {
    for (const tenant of this.timed) {
      try {
        const until = (await this.states.receivedUntil(this.clock.now())) - TICK_MS;
        const { cursor, stored } = await this.states.position(tenant);
        if (cursor < stored) continue;
        if ((await (await this.rulesOf(tenant)).tick(until)) === undefined) this.tenants.delete(tenant);
      } catch (error) {
        this.tenants.delete(tenant);
        this.log.warn(`absences of ${tenant} wait: ${messageOf(error)}`);
      }
    }
  }

  private async keepAll(): Promise<void> {
    const now = this.clock.now();
    for (const [tenant, rules] of this.tenants) {
      try {
        await rules.keep();
        if (now - rules.lastUsed > IDLE_MS && !this.timed.includes(tenant)) this.tenants.delete(tenant);
      } catch (error) {
        this.tenants.delete(tenant);
        this.log.warn(messageOf(error));
      }
    }
  }

  /** In a new Redis: settles where rules begin. Alerts come back from the archive if it was lost. */
  private async begin(): Promise<void> {
    if (await this.states.hasBegun()) return;
    const restored = await this.restorer.restore();
    // Where alerts were raised before, all that is stored has been seen but for moments; else the last hour is looked at.
    const before = this.clock.now() - (restored > 0 ? 0 : this.config.alerting.latenessMs);
    const answer = await this.clickhouse.query({
      query: `SELECT tenant, toFloat64(max(leaf_index) + 1) AS cursor FROM events
              WHERE received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC') GROUP BY tenant`,
      query_params: { before },
      format: 'JSONEachRow',
    });
    await this.states.begin(await answer.json<{ tenant: string; cursor: number }>());
    if (restored > 0)
      this.log.warn(`Redis was lost: ${restored} alerts were restored, and rules begin with what comes now`);
  }

  private async tenantsWithAbsence(): Promise<string[]> {
    const answer = await this.clickhouse.query({
      query: `SELECT DISTINCT tenant FROM alert_rules WHERE position(rule, '"kind":"absence"') > 0`,
      format: 'JSONEachRow',
    });
    return (await answer.json<{ tenant: string }>()).map((row) => row.tenant);
  }

  private async leave(): Promise<void> {
    if (!this.at.leads) return;
    await this.keepAll();
    await this.leadership.release();
  }

  private wakeUp(): void {
    this.isAwake = true;
    this.wake();
  }

  /** Until something lands, or the time to look is there. */
  private async rest(): Promise<void> {
    if (!this.isAwake && !this.stopped) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = () => undefined;
    this.isAwake = false;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
