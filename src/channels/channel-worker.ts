import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DelayedError, Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { ALERTS_QUEUE, alertTransition } from '../alerts/transition';
import { Config, CONFIG } from '../config/config';
import { connectRedis } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { Deliverer } from './deliverer';
import { DELIVERIES_QUEUE, deliveryPointer } from './delivery';
import { Dispatcher } from './dispatcher';

/** Messages on their way at the same time; a receiver that hangs holds one of them for ten seconds. */
const CONCURRENCY = 20;
/** A worker that does not renew its locks for so long is taken for dead, and its messages are sent by another. */
const LOCK_MS = 15_000;
const STALLED_CHECK_MS = 3000;
/** What cannot even be begun, since a store is away, is tried again so much later, for ever. */
const AGAIN_MS = 2000;

/** Takes steps of alerts and messages from BullMQ. */
@Injectable()
export class ChannelWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('Notifications');
  private readonly connections: Redis[] = [];
  private workers: Worker[] = [];

  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly deliverer: Deliverer,
    private readonly keys: RedisKeys,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.workers = [
      this.worker(ALERTS_QUEUE, 1, async ({ data }) => {
        await this.dispatcher.dispatch(alertTransition.parse(data));
        return undefined;
      }),
      this.worker(DELIVERIES_QUEUE, CONCURRENCY, ({ data }) => this.deliverer.deliver(deliveryPointer.parse(data).id)),
    ];
  }

  @Interval(1000)
  protected async sendDigests(): Promise<void> {
    await this.dispatcher.sendDigests().catch((error: Error) => this.log.warn(`digests wait: ${error.message}`));
  }

  /** Takes no more, finishes what it is about to send, then lets go. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close()));
    for (const connection of this.connections) connection.disconnect();
  }

  /** @param work resolves with how many ms to wait before going on, or undefined if the job is done */
  private worker(queue: string, concurrency: number, work: (job: Job) => Promise<number | undefined>): Worker {
    const connection = connectRedis(this.config, { blocking: true });
    this.connections.push(connection);
    const process = async (job: Job, token?: string) => {
      const wait = await work(job).catch((error: Error) => {
        this.log.warn(`a notification waits: ${error.message}`);
        return AGAIN_MS;
      });
      if (wait === undefined) return;
      await job.moveToDelayed(Date.now() + wait, token);
      throw new DelayedError();
    };
    const worker = new Worker(queue, process, {
      connection,
      prefix: this.keys.prefix,
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      skipVersionCheck: true,
    });
    worker.on('error', (error) => this.log.warn(`queue ${queue}: ${error.message}`));
    return worker;
  }
}
