import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable, Logger, OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Redis } from 'ioredis';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { KeyKeeper } from '../keys/key-keeper';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import type { RetentionPolicy } from './retention-policy';

const PROJECT_MS = 30_000;

/** Retention policies: the truth in ClickHouse, for ingest a projection in Redis. */
@Injectable()
export class PolicyStore implements OnModuleInit {
  private readonly log = new Logger('Retention');

  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    keeper: KeyKeeper,
  ) {
    keeper.beforeReady(() => this.project());
  }

  async onModuleInit(): Promise<void> {
    await this.projectRegularly();
  }

  /** Mends what a crash between the two stores left behind. */
  @Interval(PROJECT_MS)
  protected async projectRegularly(): Promise<void> {
    await this.project().catch((error: Error) =>
      this.log.warn(`retention policies could not be projected: ${error.message}`),
    );
  }

  /** Policies of one tenant, or of all for undefined. */
  async list(tenant: string | undefined): Promise<RetentionPolicy[]> {
    const rows = await this.clickhouse.query({
      query: `SELECT tenant, retention, nullIf(days, 0) AS days, applied_days AS appliedDays,
                     toUnixTimestamp64Milli(applied_before) AS appliedBefore,
                     changed_by AS changedBy, toUnixTimestamp64Milli(changed_at) AS changedAt, version
              FROM tenant_retention FINAL
              WHERE {all:Bool} OR tenant = {tenant:String}
              ORDER BY tenant, retention`,
      query_params: { all: tenant === undefined, tenant: tenant ?? '' },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    return rows.json<RetentionPolicy>();
  }

  async save(policy: RetentionPolicy): Promise<void> {
    const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
    await this.clickhouse.insert({
      table: 'tenant_retention',
      format: 'JSONEachRow',
      values: [
        {
          tenant: policy.tenant,
          retention: policy.retention,
          days: policy.days ?? 0,
          applied_days: policy.appliedDays,
          applied_before: time(policy.appliedBefore),
          changed_by: policy.changedBy,
          changed_at: time(policy.changedAt),
          version: policy.version,
        },
      ],
    });
    await this.project();
  }

  private async project(): Promise<void> {
    const policies = await this.list(undefined);
    const name = ({ tenant, retention }: RetentionPolicy) => `${tenant}/${retention}`;
    const fields = policies.flatMap((policy) => (policy.days === null ? [] : [name(policy), String(policy.days)]));
    const gone = policies.filter(({ days }) => days === null).map(name);
    if (fields.length > 0) await this.redis.hset(this.keys.retentionDays(), ...fields);
    if (gone.length > 0) await this.redis.hdel(this.keys.retentionDays(), ...gone);
  }
}
