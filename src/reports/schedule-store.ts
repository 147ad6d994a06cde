import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows } from '../clickhouse/read-rows';
import { scheduleInput, ScheduleRecord } from './schedule';
import { SealedJson } from './sealed-json';

interface Row extends Omit<ScheduleRecord, 'schedule'> {
  sealed: string;
  keyNumber: number;
}

/** Versions of schedules in ClickHouse. */
@Injectable()
export class ScheduleStore {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    private readonly sealing: SealedJson,
  ) {}

  async add({ schedule, ...record }: ScheduleRecord): Promise<void> {
    const { tenant, name, version } = record;
    const { sealed, keyNumber } = await this.sealing.seal(tenant, ['schedule', name, version], schedule);
    const row = {
      ...{ tenant, name, version, sealed, key_number: keyNumber, deleted: record.deleted },
      ...{ changed_by: record.changedBy, changed_at: new Date(record.changedAt).toISOString() },
    };
    await this.clickhouse.insert({
      table: 'report_schedules',
      format: 'JSONEachRow',
      values: [row],
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });
  }

  /** The schedules of a tenant that are in force, by name. */
  async list(tenant: string): Promise<ScheduleRecord[]> {
    const newest = await this.read('tenant = {tenant:String}', { tenant });
    return newest.filter(({ deleted }) => !deleted);
  }

  /** The newest version, also if that is deleted. */
  async newest(tenant: string, name: string): Promise<ScheduleRecord | undefined> {
    const [found] = await this.read('tenant = {tenant:String} AND name = {name:String}', { tenant, name });
    return found;
  }

  /** Those of all tenants that are in force and enabled, for the one who runs them. */
  async enabled(): Promise<ScheduleRecord[]> {
    const newest = await this.read('true', {});
    return newest.filter(({ deleted, schedule }) => !deleted && schedule.enabled);
  }

  private async read(where: string, params: Record<string, unknown>): Promise<ScheduleRecord[]> {
    const rows = await readRows<Row>(
      this.clickhouse,
      `SELECT tenant, name, version, sealed, key_number AS keyNumber, deleted, changed_by AS changedBy,
              toUnixTimestamp64Milli(changed_at) AS changedAt
       FROM report_schedules WHERE ${where} ORDER BY tenant, name, version DESC LIMIT 1 BY tenant, name`,
      params,
    );
    return Promise.all(rows.map((row) => this.opened(row)));
  }

  private async opened({ sealed, keyNumber, ...row }: Row): Promise<ScheduleRecord> {
    const place = ['schedule', row.name, row.version];
    return { ...row, schedule: scheduleInput.parse(await this.sealing.open(row.tenant, place, { sealed, keyNumber })) };
  }
}
