import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { inForce, ruleRecord, RuleRecord } from './rule-record';

interface Row {
  rule: string;
  version: number;
  deleted: boolean;
  changedBy: string;
  changedAt: number;
}

const COLUMNS = `rule, version, deleted, changed_by AS changedBy, toUnixTimestamp64Milli(changed_at) AS changedAt`;

/** Versions of rules in ClickHouse; Redis tells the processes when those of a tenant have changed. */
@Injectable()
export class RuleStore {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** The rules of a tenant that are in force, enabled or not. */
  async load(tenant: string): Promise<RuleRecord[]> {
    return inForce(
      await this.rows(
        `SELECT ${COLUMNS} FROM alert_rules WHERE tenant = {tenant:String} ORDER BY version DESC LIMIT 1 BY id`,
        { tenant },
      ),
    );
  }

  /** All stored versions of a rule, newest first. */
  async versions(tenant: string, id: string): Promise<RuleRecord[]> {
    return this.rows(
      `SELECT ${COLUMNS} FROM alert_rules WHERE tenant = {tenant:String} AND id = {id:String}
       ORDER BY version DESC LIMIT 1 BY version`,
      { tenant, id },
    );
  }

  async add(tenant: string, record: RuleRecord): Promise<void> {
    await this.clickhouse.insert({
      table: 'alert_rules',
      format: 'JSONEachRow',
      values: [
        {
          tenant,
          id: record.rule.id,
          version: record.version,
          rule: JSON.stringify(record.rule),
          deleted: record.deleted,
          changed_by: record.changedBy,
          changed_at: new Date(record.changedAt).toISOString(),
        },
      ],
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });
    await this.redis.hincrby(this.keys.ruleRevisions(), tenant, 1);
  }

  /** Changes whenever `load` may give something else; undefined if nobody knows. */
  async revision(tenant: string): Promise<string | undefined> {
    return (await this.redis.hget(this.keys.ruleRevisions(), tenant)) ?? undefined;
  }

  private async rows(query: string, params: Record<string, unknown>): Promise<RuleRecord[]> {
    const answer = await this.clickhouse.query({
      query,
      query_params: params,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    const rows = await answer.json<Row>();
    return rows.map((row) => ruleRecord.parse({ ...row, rule: JSON.parse(row.rule) as unknown }));
  }
}
