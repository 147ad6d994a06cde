import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DelayedError, Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { connectRedis } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { ReportMaker } from './report-maker';
import { reportPointer, ReportQueue, REPORTS_QUEUE } from './report-queue';
import { ReportStore } from './report-store';

/** A worker that does not renew its locks for so long is taken for dead, and its report is made by another. */
const LOCK_MS = 30_000;
const STALLED_CHECK_MS = 5000;
/** What cannot even be begun, since a store is away, is tried again so much later, for ever. */
const AGAIN_MS = 5000;
const SWEEP_MS = 30_000;

/** Takes reports from BullMQ, one at a time: a browser needs memory. */
@Injectable()
export class ReportWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Reports');
  private connection: Redis | undefined;
  private worker: Worker | undefined;

  constructor(
    private readonly maker: ReportMaker,
    private readonly store: ReportStore,
    private readonly queue: ReportQueue,
    private readonly keys: RedisKeys,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.connection = connectRedis(this.config, { blocking: true });
    this.worker = new Worker(REPORTS_QUEUE, (job, token) => this.process(job, token), {
      connection: this.connection,
      prefix: this.keys.prefix,
      concurrency: 1,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      skipVersionCheck: true,
    });
    this.worker.on('error', (error) => this.log.warn(`queue: ${error.message}`));
  }

  /** Puts what nobody works on back on the queue: its job was lost with Redis, or a process died before it was added. */
  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    try {
      for (const { tenant, id } of await this.store.pending()) await this.queue.add({ tenant, id });
    } catch (error) {
      this.log.warn(`lost reports were not looked for, and will be: ${explain(error)}`);
    }
  }

  /** Finishes the report that is being made, then lets go. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.worker?.close();
    this.connection?.disconnect();
  }

  private async process(job: Job, token?: string): Promise<void> {
    const { tenant, id } = reportPointer.parse(job.data);
    const wait = await this.maker
      .work(tenant, id, (progress) => job.updateProgress(progress))
      .catch((error: unknown) => {
        this.log.warn(`report ${id} waits: ${explain(error)}`);
        return AGAIN_MS;
      });
    if (wait === undefined) return;
    await job.moveToDelayed(Date.now() + wait, token);
    throw new DelayedError();
  }
}

const explain = (error: unknown): string =>
  error instanceof AppError || error instanceof Error ? error.message : String(error);
