import { Inject, Injectable, Logger, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { hostname } from 'node:os';
import { Redis } from 'ioredis';
import { AggregatorRegistry, collectDefaultMetrics, Gauge, register, Registry } from 'prom-client';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { PipelineState, PipelineStateReader } from './pipeline-state';

type Snapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** A process that has said nothing for this long is gone. */
const FORGET_MS = 30_000;
const PUBLISH_MS = 2000;

const PIPELINE: Record<keyof PipelineState, string> = {
  accepted: 'Events acknowledged with 202',
  stored: 'Acknowledged events that are in ClickHouse',
  waiting: 'Acknowledged events that wait in Redis',
  duplicates: 'Acknowledged events that were repeats of stored ones',
  deadLettered: 'Acknowledged events in the dead-letter store',
  quarantined: 'Events that stand in the ledger in place of dead letters',
  waitingBytes: 'Bytes that wait in Redis',
  waitingSegments: 'Segments that wait in Redis',
  oldestWaitingMs: 'Age of the oldest waiting segment in milliseconds',
  unaccounted: 'accepted - stored - waiting - duplicates - deadLettered: must be 0',
};

/**
 * The metrics of all processes at any one of them: each process puts its own into Redis every few seconds, and whoever
 * is scraped adds them up. Metrics carry the label `role`.
 */
@Injectable()
export class Metrics implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('Metrics');
  private readonly self: string;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
    private readonly pipeline: PipelineStateReader,
  ) {
    this.self = `${config.role}/${hostname()}/${process.pid}`;
  }

  async onApplicationBootstrap(): Promise<void> {
    register.setDefaultLabels({ role: this.config.role });
    collectDefaultMetrics({ register });
    await this.publish();
  }

  async onModuleDestroy(): Promise<void> {
    await this.redis.hdel(this.keys.metrics(), this.self).catch((error: Error) => this.log.debug(error.message));
    register.clear();
  }

  @Interval(PUBLISH_MS)
  async publish(): Promise<void> {
    const snapshot = JSON.stringify({ at: this.clock.now(), metrics: await register.getMetricsAsJSON() });
    await this.redis
      .hset(this.keys.metrics(), this.self, snapshot)
      .catch((error: Error) => this.log.debug(`metrics not published: ${error.message}`));
  }

  /** The Prometheus text of all processes, with the pipeline's state read now. */
  async scrape(): Promise<string> {
    return (await this.aggregate()).metrics();
  }

  /** The same as objects. */
  async all(): Promise<Snapshot> {
    return (await this.aggregate()).getMetricsAsJSON();
  }

  private async aggregate(): Promise<Registry> {
    const own = await register.getMetricsAsJSON();
    return AggregatorRegistry.aggregate([own, ...(await this.others()), await this.pipelineGauges()]);
  }

  /** Names of the processes that report now, such as `worker/host/123`. */
  async processes(): Promise<string[]> {
    return [...(await this.fresh()).keys()];
  }

  private async others(): Promise<Snapshot[]> {
    return [...(await this.fresh())].filter(([name]) => name !== this.self).map(([, metrics]) => metrics);
  }

  private async fresh(): Promise<Map<string, Snapshot>> {
    const found = new Map<string, Snapshot>();
    for (const [name, text] of Object.entries(await this.redis.hgetall(this.keys.metrics()))) {
      const { at, metrics } = JSON.parse(text) as { at: number; metrics: Snapshot };
      if (this.clock.now() - at < FORGET_MS) found.set(name, metrics);
      else await this.redis.hdel(this.keys.metrics(), name);
    }
    return found;
  }

  private async pipelineGauges(): Promise<Snapshot> {
    const state = await this.pipeline.read();
    const registry = new Registry();
    for (const [name, help] of Object.entries(PIPELINE)) {
      const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const gauge = new Gauge({ name: `audit_pipeline_${snake}`, help, registers: [registry] });
      gauge.set(state[name as keyof PipelineState]);
    }
    return registry.getMetricsAsJSON();
  }
}
