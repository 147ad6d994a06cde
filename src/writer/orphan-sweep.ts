import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { EVENTS_QUEUE, segmentJobOptions, segmentPointer } from '../queues/segment';
import { connectRedis, REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { WriterMetrics } from './writer-metrics';

const SWEEP_MS = 15_000;
/** A segment this old without a job has lost it; a younger one may still be about to get it. */
const ORPHAN_MS = 30_000;
const PAGE = 500;

/** Finds segments whose job was lost (a crash between payload and job) and queues them again. */
@Injectable()
export class OrphanSweep implements OnApplicationShutdown {
  private readonly log = new Logger('OrphanSweep');
  private readonly connection: Redis;
  private readonly queue: Queue;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(CONFIG) config: Config,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
    private readonly metrics: WriterMetrics,
  ) {
    this.connection = connectRedis(config, { blocking: true });
    this.queue = new Queue(EVENTS_QUEUE, {
      connection: this.connection,
      prefix: this.keys.prefix,
      skipVersionCheck: true,
    });
    this.queue.on('error', (error) => this.log.warn(`queue: ${error.message}`));
  }

  @Interval(SWEEP_MS)
  async run(): Promise<void> {
    await this.sweep(ORPHAN_MS).catch((error: Error) => this.log.warn(`not swept: ${error.message}`));
  }

  /** Queues segments older than `ageMs` that have no job; returns how many. A job that exists is never made twice. */
  async sweep(ageMs: number): Promise<number> {
    let found = 0;
    const until = this.clock.now() - ageMs;
    for (let offset = 0; ; offset += PAGE) {
      const old = await this.redis.zrangebyscore(this.keys.segments(), '-inf', until, 'LIMIT', offset, PAGE);
      for (const segment of old) {
        const job = await this.queue.getJob(segment);
        // A finished job of a segment that still waits was finished by mistake of somebody: make it anew.
        const state = job && (await job.getState());
        if (job && state !== 'failed' && state !== 'completed') continue;
        const pointer = await this.redis.hget(this.keys.pointers(), segment);
        if (pointer === null) continue;
        await job?.remove();
        await this.queue.add('segment', segmentPointer.parse(JSON.parse(pointer)), segmentJobOptions(segment));
        found++;
      }
      if (old.length < PAGE) break;
    }
    if (found > 0) {
      this.metrics.requeued.inc(found);
      this.log.warn(`${found} segment(s) had lost their job and were queued again`);
    }
    return found;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.queue.close();
    this.connection.disconnect();
  }
}
