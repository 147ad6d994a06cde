import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { Config, CONFIG } from '../config/config';
import { binding, open, seal } from '../keys/crypto';
import { SubjectPersister } from '../keys/key-keeper';
import { KeyRing } from '../keys/key-ring';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { configuredGroups, groupsInForce } from './recipient-defaults';
import { recipientGroup, RecipientRecord } from './recipient-group';

interface Row {
  name: string;
  version: number;
  sealed: string;
  keyNumber: number;
  deleted: boolean;
  changedBy: string;
  changedAt: number;
}

const bound = (tenant: string, name: string, version: number) => binding('recipients', tenant, name, version);

/**
 * Versions of recipient groups in ClickHouse. Addresses and secrets are sealed under the tenant's key as a whole; Redis tells
 * the processes when those of a tenant have changed.
 */
@Injectable()
export class RecipientStore {
  private readonly configured: RecipientRecord[];
  private readonly known = new Map<string, { revision: string; groups: Map<string, RecipientRecord> }>();

  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly ring: KeyRing,
    private readonly persister: SubjectPersister,
    @Inject(CONFIG) config: Config,
  ) {
    this.configured = configuredGroups(config.recipients);
  }

  /** The groups of a tenant that are in force, by name. */
  async load(tenant: string): Promise<Map<string, RecipientRecord>> {
    // Read before the rows: a change in between is then read again.
    const revision = await this.redis.hget(this.keys.recipientRevisions(), tenant);
    const known = this.known.get(tenant);
    if (known && known.revision === revision) return known.groups;
    const rows = await this.rows(tenant);
    const groups = groupsInForce(this.configured, await Promise.all(rows.map((row) => this.opened(tenant, row))));
    if (revision !== null) this.known.set(tenant, { revision, groups });
    return groups;
  }

  /** The newest version of a group, also if that is deleted. */
  async newest(tenant: string, name: string): Promise<RecipientRecord | undefined> {
    const row = (await this.rows(tenant)).find((r) => r.name === name);
    return row ? this.opened(tenant, row) : this.configured.find((record) => record.name === name);
  }

  async add(tenant: string, record: RecipientRecord): Promise<void> {
    const { name, version } = record;
    const { key, number } = await this.ring.active('tenant', tenant);
    // Nothing is stored under a key that only Redis has.
    await this.persister.flush();
    await this.clickhouse.insert({
      table: 'recipient_groups',
      format: 'JSONEachRow',
      values: [
        {
          tenant,
          name,
          version,
          sealed: seal(key, JSON.stringify(record.group), bound(tenant, name, version)).toString('base64'),
          key_number: number,
          deleted: record.deleted,
          changed_by: record.changedBy,
          changed_at: new Date(record.changedAt).toISOString(),
        },
      ],
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });
    await this.redis.hincrby(this.keys.recipientRevisions(), tenant, 1);
  }

  private async rows(tenant: string): Promise<Row[]> {
    const answer = await this.clickhouse.query({
      query: `SELECT name, version, sealed, key_number AS keyNumber, deleted, changed_by AS changedBy,
                     toUnixTimestamp64Milli(changed_at) AS changedAt
              FROM recipient_groups WHERE tenant = {tenant:String} ORDER BY version DESC LIMIT 1 BY name`,
      query_params: { tenant },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    return answer.json<Row>();
  }

  private async opened(tenant: string, { sealed, keyNumber, ...row }: Row): Promise<RecipientRecord> {
    const key = await this.ring.get('tenant', tenant, keyNumber);
    const text = open(key, Buffer.from(sealed, 'base64'), bound(tenant, row.name, row.version)).toString('utf8');
    return { ...row, group: recipientGroup.parse(JSON.parse(text)) };
  }
}
