import { createHash, randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';

const KEEP_SECONDS = 86_400;
/** Larger answers are not kept but made again, with the same ids: the marker of a key has to stay small for a day. */
const KEPT_ANSWER_CHARACTERS = 16_384;

const marker = z.object({
  bodyHash: z.string(),
  seed: z.string(),
  receivedAt: z.number(),
  /** Set once everything is durable. */
  done: z.boolean().default(false),
  /** Sealed, since reasons of rejection repeat what was sent. */
  answer: z.string().optional(),
});
export type Marker = z.infer<typeof marker>;

/**
 * Makes a request repeatable for 24 hours. The key's marker fixes time of receipt and seed of the ids before anything is
 * stored, so that a repeat after a crash makes the same events again, and the writer drops what it has.
 */
@Injectable()
export class Idempotency {
  private readonly log = new Logger('Idempotency');

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /**
   * The marker of a key: a new one, or that of the first request with it.
   * @throws AppError 400 for a key that is none, 409 if it was used with another body.
   */
  async claim(tenant: string, key: string, body: Buffer, variant: string, now: number): Promise<Marker> {
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new AppError(
        'IDEMPOTENCY_KEY_INVALID',
        400,
        'Idempotency-Key must have 1 to 255 printable ASCII characters without spaces',
      );
    }
    const bodyHash = createHash('sha256').update(variant).update('\n').update(body).digest('base64url');
    const fresh: Marker = { bodyHash, seed: randomUUID(), receivedAt: now, done: false };
    const name = this.keys.idempotency(tenant, key);
    for (;;) {
      if (await this.redis.set(name, JSON.stringify(fresh), 'EX', KEEP_SECONDS, 'NX')) return fresh;
      const text = await this.redis.get(name);
      if (text === null) continue; // It expired in between.
      const known = marker.parse(JSON.parse(text));
      if (known.bodyHash === bodyHash) return known;
      throw new AppError(
        'IDEMPOTENCY_KEY_REUSED',
        409,
        'this Idempotency-Key was used with another body in the last 24 hours; use a new one',
      );
    }
  }

  /** Keeps the answer. Failing to is harmless, since a repeat then makes the same events and the same answer again. */
  async finish(tenant: string, key: string, claimed: Marker, answer: string, keepAlways: boolean): Promise<void> {
    const kept = keepAlways || answer.length <= KEPT_ANSWER_CHARACTERS;
    const done: Marker = { ...claimed, done: true, ...(kept && { answer }) };
    await this.redis
      .set(this.keys.idempotency(tenant, key), JSON.stringify(done), 'KEEPTTL', 'XX')
      .catch((error: Error) => this.log.warn(`an answer was not kept: ${error.message}`));
  }
}
