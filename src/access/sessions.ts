import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';

/** A session ends when it was not used for this long, ms. */
const IDLE_MS = 30 * 60_000;
/** A session ends this long after it began, however much it is used, ms. */
export const LONGEST_MS = 12 * 3_600_000;

const session = z.object({ keyId: z.string(), openedAt: z.number() });

/** Sessions of browsers. Each acts with one API key, whose record is looked up anew for every request. */
@Injectable()
export class Sessions {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
  ) {}

  /** Opens a session and gives its id, 256 random bits, of which only the hash is kept. */
  async open(keyId: string): Promise<string> {
    const id = randomBytes(32).toString('base64url');
    const value = JSON.stringify({ keyId, openedAt: this.clock.now() });
    await this.orUnavailable(this.redis.set(this.place(id), value, 'PX', IDLE_MS));
    return id;
  }

  /** The key that the session acts with, or undefined if there is no such session any more. Counts as use. */
  async use(id: string): Promise<string | undefined> {
    const text = await this.orUnavailable(this.redis.get(this.place(id)));
    if (text === null) return undefined;
    const { keyId, openedAt } = session.parse(JSON.parse(text));
    const left = openedAt + LONGEST_MS - this.clock.now();
    if (left <= 0) return undefined;
    // Only prolongs what is there: a session that was closed meanwhile does not come back.
    await this.orUnavailable(this.redis.pexpire(this.place(id), Math.min(IDLE_MS, left)));
    return keyId;
  }

  async close(id: string): Promise<void> {
    await this.orUnavailable(this.redis.del(this.place(id)));
  }

  private place(id: string): string {
    return this.keys.session(createHash('sha256').update(id).digest('hex'));
  }

  private async orUnavailable<T>(command: Promise<T>): Promise<T> {
    try {
      return await command;
    } catch (cause) {
      throw new AppError('SESSION_UNAVAILABLE', 503, 'sessions cannot be read right now; try again', {
        cause,
        retryAfter: 2,
      });
    }
  }
}
