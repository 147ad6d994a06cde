import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { apiKeyRecord, ApiKeyRecord } from './api-key';

/** A revoked key is refused by every process within this time. */
const FRESH_MS = 2000;
/** While Redis is away, keys seen this recently still work. */
const STALE_MS = 60_000;

/** Key records as the request path sees them: from Redis, kept in memory for moments. Knows nothing of ClickHouse. */
@Injectable()
export class ApiKeyCache {
  private readonly entries = new Map<string, { record: ApiKeyRecord | undefined; at: number }>();

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly clock: Clock,
  ) {}

  async find(id: string): Promise<ApiKeyRecord | undefined> {
    const cached = this.entries.get(id);
    const now = this.clock.now();
    if (cached && now - cached.at < FRESH_MS) return cached.record;
    let text: string | null;
    try {
      text = await this.redis.hget(this.keys.apiKeys(), id);
    } catch (cause) {
      if (cached?.record && now - cached.at < STALE_MS) return cached.record;
      throw new AppError('KEY_LOOKUP_UNAVAILABLE', 503, 'the API key cannot be checked right now; try again', {
        cause,
        retryAfter: 2,
      });
    }
    const record = text === null ? undefined : apiKeyRecord.parse(JSON.parse(text));
    // Guesses must not fill the memory.
    if (this.entries.size > 10_000) this.entries.clear();
    this.entries.set(id, { record, at: now });
    return record;
  }

  forget(id: string): void {
    this.entries.delete(id);
  }
}
