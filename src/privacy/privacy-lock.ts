import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { RedisKeys } from '../redis/redis-keys';
import { withLock } from '../redis/redis-lock';
import { REDIS } from '../redis/redis.module';

const WAIT_MS = 20_000;

/**
 * Holds, policies, erasures and the removal of what is due change one after the other: whoever removes or destroys something
 * has seen every hold that was placed before.
 */
@Injectable()
export class PrivacyLock {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** @throws AppError 503 `PRIVACY_BUSY` if another act took too long */
  async run<T>(work: () => Promise<T>, waitMs = WAIT_MS): Promise<T> {
    try {
      return await withLock(this.redis, this.keys.privacyLock(), waitMs, work);
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.code !== 'BUSY') throw cause;
      throw new AppError(
        'PRIVACY_BUSY',
        503,
        'an erasure or the removal of expired events is at work right now; nothing was changed, try again',
        { cause, retryAfter: 10 },
      );
    }
  }
}
