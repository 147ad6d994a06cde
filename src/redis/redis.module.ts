import { Global, Inject, Injectable, Logger, Module, OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { RedisKeys } from './redis-keys';

/** Nest token of the shared `Redis` connection for commands. BullMQ and subscribers open their own. */
export const REDIS = Symbol('REDIS');

/**
 * A connection to the configured Redis. Commands fail at once while it is down (no offline queue), so that a caller
 * can say 503 instead of waiting; BullMQ's workers pass `blocking` to wait for ever.
 */
export function connectRedis(config: Config, options: { blocking?: boolean } = {}): Redis {
  if (!config.redis.url) {
    throw new AppError(
      'REDIS_URL_MISSING',
      500,
      'AUDIT_REDIS_URL is needed by a process that does not start its own engines',
    );
  }
  const redis = new Redis(config.redis.url, {
    maxRetriesPerRequest: options.blocking ? null : 0,
    enableOfflineQueue: options.blocking ?? false,
    enableReadyCheck: true,
    lazyConnect: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1000),
  });
  const log = new Logger('Redis');
  redis.on('error', (error: Error) => log.warn(`connection: ${error.message}`));
  return redis;
}

/** Waits until the connection serves, at most `timeoutMs`: start-up goes on without it, and commands then say so. */
export async function settled(redis: Redis, timeoutMs = 5000): Promise<Redis> {
  if (redis.status !== 'ready') {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      redis.once('ready', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
  return redis;
}

@Injectable()
class RedisCloser implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  async onApplicationShutdown(): Promise<void> {
    await this.redis.quit().catch(() => this.redis.disconnect());
  }
}

@Global()
@Module({
  providers: [
    { provide: REDIS, inject: [CONFIG], useFactory: (config: Config) => settled(connectRedis(config)) },
    { provide: RedisKeys, inject: [CONFIG], useFactory: (config: Config) => new RedisKeys(config.redis.prefix) },
    RedisCloser,
  ],
  exports: [REDIS, RedisKeys],
})
export class RedisModule {}
