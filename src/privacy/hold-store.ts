import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { both } from './condition';
import { coveredBy, LegalHold } from './legal-hold';

const SETTINGS = { output_format_json_quote_64bit_integers: 0 } as const;

/** Legal holds in ClickHouse. */
@Injectable()
export class HoldStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** All holds of a tenant, also released ones; newest first. */
  async list(tenant: string): Promise<LegalHold[]> {
    const rows = await this.clickhouse.query({
      query: `SELECT tenant, id, name, reason, references, event_types AS eventTypes, resource_type AS resourceType,
                     resource_id AS resourceId,
                     toUnixTimestamp64Milli(occurred_from) AS occurredFrom, toUnixTimestamp64Milli(occurred_to) AS occurredTo,
                     placed_by AS placedBy, toUnixTimestamp64Milli(placed_at) AS placedAt,
                     released_by AS releasedBy, toUnixTimestamp64Milli(released_at) AS releasedAt, version
              FROM legal_holds FINAL
              WHERE tenant = {tenant:String}
              ORDER BY placed_at DESC, id`,
      query_params: { tenant },
      format: 'JSONEachRow',
      clickhouse_settings: SETTINGS,
    });
    return rows.json<LegalHold>();
  }

  async active(tenant: string): Promise<LegalHold[]> {
    return (await this.list(tenant)).filter((hold) => hold.releasedAt === null);
  }

  async save(hold: LegalHold): Promise<void> {
    const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
    await this.clickhouse.insert({
      table: 'legal_holds',
      format: 'JSONEachRow',
      values: [
        {
          tenant: hold.tenant,
          id: hold.id,
          name: hold.name,
          reason: hold.reason,
          references: hold.references,
          event_types: hold.eventTypes,
          resource_type: hold.resourceType,
          resource_id: hold.resourceId,
          occurred_from: time(hold.occurredFrom),
          occurred_to: time(hold.occurredTo),
          placed_by: hold.placedBy,
          placed_at: time(hold.placedAt),
          released_by: hold.releasedBy,
          released_at: time(hold.releasedAt),
          version: hold.version,
        },
      ],
    });
  }

  /** How many stored events a hold covers. */
  async countCovered(hold: LegalHold): Promise<number> {
    const { sql, params } = both(
      { sql: 'tenant = {tenant:String}', params: { tenant: hold.tenant } },
      coveredBy(hold, 'hold'),
    );
    const rows = await this.clickhouse.query({
      query: `SELECT count() AS n FROM events WHERE ${sql}`,
      query_params: params,
      format: 'JSONEachRow',
      clickhouse_settings: SETTINGS,
    });
    return (await rows.json<{ n: number }>())[0]?.n ?? 0;
  }
}
