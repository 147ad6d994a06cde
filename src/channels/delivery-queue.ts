import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { Config, CONFIG } from '../config/config';
import { connectRedis } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { DELIVERIES_QUEUE } from './delivery';

/** Has deliveries worked on. */
@Injectable()
export class DeliveryQueue implements OnApplicationShutdown {
  private readonly log = new Logger('Notifications');
  private readonly connection: Redis;
  private readonly queue: Queue;

  constructor(keys: RedisKeys, @Inject(CONFIG) config: Config) {
    this.connection = connectRedis(config, { blocking: true });
    this.queue = new Queue(DELIVERIES_QUEUE, {
      connection: this.connection,
      prefix: keys.prefix,
      skipVersionCheck: true,
    });
    this.queue.on('error', (error) => this.log.warn(`queue: ${error.message}`));
  }

  /** Does nothing for one that is on the queue already. What was finished says so in its record, and is not sent again. */
  async add(id: string): Promise<void> {
    // Attempts are counted and spaced by the delivery itself; what BullMQ repeats is what we could not even begin.
    await this.queue.add('deliver', { id }, { jobId: id, removeOnComplete: true, attempts: 1 });
  }

  onApplicationShutdown(): void {
    this.connection.disconnect();
  }
}
