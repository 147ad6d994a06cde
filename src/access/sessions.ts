import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { ROLES } from './permissions';

/** A session ends when it was not used for this long, ms. */
const IDLE_MS = 30 * 60_000;
/** A session ends this long after it began, however much it is used, ms. */
export const LONGEST_MS = 12 * 3_600_000;
/** Use within this time of the last prolongation, ms, does not prolong again: each costs a write that is synced to disk. */
const PROLONG_MS = 60_000;

const person = z.object({ name: z.string(), tenant: z.string(), roles: z.array(z.enum(ROLES)) });
/** Somebody whom an identity provider has confirmed, for as long as the session is open. */
export type SessionPerson = z.infer<typeof person>;

const record = z.object({
  /** The API key that the session acts with, or the id of the person. */
  keyId: z.string(),
  person: person.optional(),
  openedAt: z.number(),
});
export type SessionRecord = z.infer<typeof record>;

/** Sessions of browsers. Each acts for a person, or with one API key, whose record is looked up anew for every request. */
@Injectable()
export class Sessions {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
  ) {}

  /** Opens a session and gives its secret id, 256 random bits, of which only the hash is kept. */
  async open(keyId: string, person?: SessionPerson): Promise<string> {
    const id = randomBytes(32).toString('base64url');
    const value = JSON.stringify({ keyId, person, openedAt: this.clock.now() } satisfies SessionRecord);
    await orUnavailable(this.redis.set(this.keys.session(hashOfSession(id)), value, 'PX', IDLE_MS));
    return id;
  }

  /**
   * The session with this hash of its id, or undefined if there is none any more. Counts as use.
   * @throws AppError 503 while that cannot be told.
   */
  async use(hash: string): Promise<SessionRecord | undefined> {
    const place = this.keys.session(hash);
    const [text, leftMs] = await orUnavailable(Promise.all([this.redis.get(place), this.redis.pttl(place)]));
    if (text === null) return undefined;
    const session = record.parse(JSON.parse(text));
    const longest = session.openedAt + LONGEST_MS - this.clock.now();
    if (longest <= 0) return undefined;
    // Only prolongs what is there: a session that was closed meanwhile does not come back.
    const prolonged = Math.min(IDLE_MS, longest);
    if (prolonged - leftMs >= PROLONG_MS) await orUnavailable(this.redis.pexpire(place, prolonged));
    return session;
  }

  async close(hash: string): Promise<void> {
    await orUnavailable(this.redis.del(this.keys.session(hash)));
  }
}

/** What is kept of the id of a session. */
export const hashOfSession = (id: string): string => createHash('sha256').update(id).digest('hex');

/** The result of a command to Redis. @throws AppError 503 if it fails. */
export async function orUnavailable<T>(command: Promise<T>): Promise<T> {
  try {
    return await command;
  } catch (cause) {
    throw new AppError('SESSION_UNAVAILABLE', 503, 'sessions cannot be read right now; try again', {
      cause,
      retryAfter: 2,
    });
  }
}
