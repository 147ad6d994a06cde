import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { ApiKeyRecord, isValid, parseApiKey } from '../access/api-key';
import { ApiKeyCache } from '../access/api-key-cache';
import { isAllowed } from '../access/permissions';
import { orUnavailable } from '../access/sessions';
import { DEFAULT_TENANT } from '../access/tenant';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { SelfAudit } from '../ingest/self-audit';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';

const MOST_FAILURES = 10;
const FAILURES_SECONDS = 900;

/** Counts the attempt before the key is looked at, so that many at once do not slip through. */
const COUNT = `
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return n`;

/** Checks the API key that somebody signs in with. */
@Injectable()
export class SignIn {
  constructor(
    private readonly cache: ApiKeyCache,
    private readonly clock: Clock,
    private readonly selfAudit: SelfAudit,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /**
   * The record of a key in force. Ten attempts that fail close the door to `address` for a quarter of an hour.
   * @throws AppError 401 for any other key, 403 for one that may not read, 429 behind the closed door; the first is recorded.
   */
  async check(key: string, address: string): Promise<ApiKeyRecord> {
    const counter = this.keys.failedSignIns(address);
    const attempts = Number(await orUnavailable(this.redis.eval(COUNT, 1, counter, String(FAILURES_SECONDS))));
    if (attempts > MOST_FAILURES) {
      throw new AppError('SIGN_IN_LIMITED', 429, 'too many sign-ins failed from this address; try again later', {
        retryAfter: FAILURES_SECONDS,
      });
    }
    const parts = parseApiKey(key);
    const record = parts && (await this.cache.find(parts.id));
    if (parts && record && isValid(record, parts.secret, this.clock.now())) {
      await orUnavailable(this.redis.del(counter));
      if (isAllowed(record.roles, 'events:read')) return record;
      throw new AppError('FORBIDDEN', 403, 'this key may only send events; sign in with one that may read them');
    }
    await this.selfAudit.record(record?.tenant ?? DEFAULT_TENANT, {
      eventType: 'LOGIN_FAILED',
      description: 'A sign-in to the console was refused',
      context: { ipAddress: address, resourceType: 'console', ...(record && { resourceId: record.id }) },
    });
    throw new AppError('UNAUTHENTICATED', 401, 'the API key is unknown, expired or revoked');
  }
}
