import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { apiKeyRecord, ApiKeyRecord, makeApiKey } from './api-key';
import { ApiKeyCache } from './api-key-cache';
import type { Role } from './permissions';

export interface NewApiKey {
  tenant: string;
  name: string;
  roles: Role[];
  system: boolean;
  createdBy: string;
  /** Ms since the epoch; null = never. */
  expiresAt: number | null;
}

const PUBLISH = `
local there = redis.call('HGET', KEYS[1], ARGV[1])
if not there or cjson.decode(there).version < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end`;

/** Keeps API keys: the truth in ClickHouse, a projection in Redis for the request path. */
@Injectable()
export class ApiKeysService {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly cache: ApiKeyCache,
    private readonly clock: Clock,
  ) {}

  /** Makes a key; the only moment at which its text exists outside the caller's hands. */
  async create(input: NewApiKey): Promise<{ key: string; record: ApiKeyRecord }> {
    const { key, id, hash } = makeApiKey();
    const record: ApiKeyRecord = { ...input, id, hash, createdAt: this.clock.now(), revokedAt: null, version: 1 };
    await this.store(record);
    return { key, record };
  }

  /** Keys of one tenant, or of all for undefined; newest first. */
  async list(tenant: string | undefined): Promise<ApiKeyRecord[]> {
    const rows = await this.clickhouse.query({
      query: `SELECT id, tenant, name, hash, roles, system, created_by AS createdBy,
                     toUnixTimestamp64Milli(created_at) AS createdAt,
                     toUnixTimestamp64Milli(expires_at) AS expiresAt,
                     toUnixTimestamp64Milli(revoked_at) AS revokedAt,
                     version
              FROM api_keys FINAL
              WHERE {all:Bool} OR tenant = {tenant:String}
              ORDER BY created_at DESC, id`,
      query_params: { all: tenant === undefined, tenant: tenant ?? '' },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    return apiKeyRecord.array().parse(await rows.json());
  }

  /** Revokes a key for good; revoking it again changes nothing. */
  async revoke(tenant: string | undefined, id: string): Promise<ApiKeyRecord> {
    const record = (await this.list(tenant)).find((k) => k.id === id);
    if (!record) throw new AppError('API_KEY_UNKNOWN', 404, `there is no API key ${id} here`);
    if (record.revokedAt !== null) return record;
    const revoked = { ...record, revokedAt: this.clock.now(), version: record.version + 1 };
    await this.store(revoked);
    return revoked;
  }

  /** Makes the projection in Redis equal to the truth; mends what a crash between the two writes left behind. */
  async project(): Promise<void> {
    // In this order: whatever is projected by now is in the truth that is read next.
    const projected = await this.redis.hkeys(this.keys.apiKeys());
    const records = await this.list(undefined);
    const gone = projected.filter((id) => !records.some((record) => record.id === id));
    if (gone.length > 0) await this.redis.hdel(this.keys.apiKeys(), ...gone);
    for (const record of records) await this.publish(record);
  }

  /** Puts a record before the request path, unless a newer version of it (a revocation, say) is there already. */
  private async publish(record: ApiKeyRecord): Promise<void> {
    await this.redis.eval(PUBLISH, 1, this.keys.apiKeys(), record.id, String(record.version), JSON.stringify(record));
    this.cache.forget(record.id);
  }

  private async store(record: ApiKeyRecord): Promise<void> {
    const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
    await this.clickhouse.insert({
      table: 'api_keys',
      format: 'JSONEachRow',
      values: [
        {
          id: record.id,
          tenant: record.tenant,
          name: record.name,
          hash: record.hash,
          roles: record.roles,
          system: record.system,
          created_by: record.createdBy,
          created_at: time(record.createdAt),
          expires_at: time(record.expiresAt),
          revoked_at: time(record.revokedAt),
          version: record.version,
        },
      ],
    });
    await this.publish(record);
  }
}
