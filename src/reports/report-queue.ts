import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { Config, CONFIG } from '../config/config';
import { connectRedis } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';

export const REPORTS_QUEUE = 'audit-reports';

export const reportPointer = z.object({ tenant: z.string(), id: z.string() });
export type ReportPointer = z.output<typeof reportPointer>;

export const STAGES = ['waiting', 'assessing', 'rendering', 'storing', 'mailing'] as const;
export const reportProgress = z.object({ stage: z.enum(STAGES), percent: z.number() });
export type ReportProgress = z.output<typeof reportProgress>;

/** Has reports worked on. Their truth is in ClickHouse; a job that is lost is added again. */
@Injectable()
export class ReportQueue implements OnApplicationShutdown {
  private readonly log = new Logger('Reports');
  private readonly connection: Redis;
  private readonly queue: Queue;

  constructor(keys: RedisKeys, @Inject(CONFIG) config: Config) {
    this.connection = connectRedis(config, { blocking: true });
    this.queue = new Queue(REPORTS_QUEUE, { connection: this.connection, prefix: keys.prefix, skipVersionCheck: true });
    this.queue.on('error', (error) => this.log.warn(`queue: ${error.message}`));
  }

  /** Does nothing for one that is on the queue already. */
  async add(pointer: ReportPointer): Promise<void> {
    await this.queue.add('report', pointer, {
      jobId: `${pointer.tenant}.${pointer.id}`,
      removeOnComplete: true,
      removeOnFail: true,
    });
  }

  async progress({ tenant, id }: ReportPointer): Promise<ReportProgress> {
    const job = await this.queue.getJob(`${tenant}.${id}`);
    const parsed = reportProgress.safeParse(job?.progress);
    return parsed.success ? parsed.data : { stage: 'waiting', percent: 0 };
  }

  onApplicationShutdown(): void {
    this.connection.disconnect();
  }
}
