import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { AppError } from '../common/app-error';
import { isUuid } from '../events/uuid';
import { alertRecord, AlertRecord } from './alert';

/** Which alerts of a tenant are wanted; times in ms since the epoch. */
export interface AlertFilter {
  status: readonly string[];
  severity?: readonly string[] | undefined;
  ruleId?: readonly string[] | undefined;
  assignee?: string | undefined;
  historical?: boolean | undefined;
  /** Texts `<field>=<value>`, of each list any. */
  groups: readonly (readonly string[])[];
  /** Alerts with a hit at or after the one and before the other. */
  from?: number | undefined;
  to?: number | undefined;
}

export interface AlertPage {
  alerts: AlertRecord[];
  nextCursor: string | null;
}

const cursorContent = z.tuple([z.number().int(), z.string().refine(isUuid)]);
const time = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;

/** All alerts, in ClickHouse; a moment behind what happens to them. */
@Injectable()
export class AlertArchive {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** Keeps these revisions. Doing it twice, or an older one later, changes nothing. */
  async save(alerts: readonly AlertRecord[]): Promise<void> {
    if (alerts.length === 0) return;
    const iso = (ms: number) => new Date(ms).toISOString();
    await this.clickhouse.insert({
      table: 'alerts',
      format: 'JSONEachRow',
      values: alerts.map((alert) => ({
        tenant: alert.tenant,
        id: alert.id,
        revision: alert.revision,
        rule_id: alert.ruleId,
        severity: alert.severity,
        status: alert.status,
        group_values: Object.entries(alert.group).map(([field, value]) => `${field}=${value}`),
        assignee: alert.assignee ?? '',
        historical: alert.historical,
        opened_at: iso(alert.openedAt),
        first_hit_at: iso(alert.firstHitAt),
        last_hit_at: iso(alert.lastHitAt),
        counter: alert.counter,
        record: JSON.stringify(alert),
      })),
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });
  }

  async get(tenant: string, id: string): Promise<AlertRecord | undefined> {
    if (!isUuid(id)) return undefined;
    const [alert] = await this.read(`tenant = {tenant:String} AND id = {id:UUID}`, { tenant, id }, 1);
    return alert;
  }

  /** Newest first, by when they were opened. @throws AppError 400 for a cursor that is none */
  async list(tenant: string, filter: AlertFilter, limit: number, cursor?: string): Promise<AlertPage> {
    const where = ['tenant = {tenant:String}'];
    const params: Record<string, unknown> = { tenant };
    const add = (condition: string, values: Record<string, unknown>) => {
      where.push(condition);
      Object.assign(params, values);
    };
    add('status IN {status:Array(String)}', { status: filter.status });
    if (filter.severity) add('severity IN {severity:Array(String)}', { severity: filter.severity });
    if (filter.ruleId) add('rule_id IN {ruleId:Array(String)}', { ruleId: filter.ruleId });
    if (filter.assignee !== undefined) add('assignee = {assignee:String}', { assignee: filter.assignee });
    if (filter.historical !== undefined) add('historical = {historical:Bool}', { historical: filter.historical });
    filter.groups.forEach((values, i) => {
      add(`hasAny(group_values, {group${i}:Array(String)})`, { [`group${i}`]: values });
    });
    if (filter.from !== undefined) add(`last_hit_at >= ${time('from')}`, { from: filter.from });
    if (filter.to !== undefined) add(`first_hit_at < ${time('to')}`, { to: filter.to });
    if (cursor !== undefined) {
      const [openedAt, id] = readCursor(cursor);
      add(`(opened_at, id) < (${time('cursorTime')}, {cursorId:UUID})`, { cursorTime: openedAt, cursorId: id });
    }
    const found = await this.read(where.join(' AND '), params, limit + 1);
    const alerts = found.slice(0, limit);
    const last = alerts.at(-1);
    const next = found.length > limit && last ? JSON.stringify([last.openedAt, last.id]) : undefined;
    return { alerts, nextCursor: next === undefined ? null : Buffer.from(next).toString('base64url') };
  }

  /** Alerts of all tenants that are unresolved or were resolved after `since` (ms); newest first, unresolved ones before others. */
  async *current(since: number): AsyncGenerator<AlertRecord> {
    const answer = await this.clickhouse.query({
      query: `SELECT record FROM alerts FINAL
              WHERE status != 'resolved' OR JSONExtractFloat(record, 'resolvedAt') >= {since:Float64}
              ORDER BY status = 'resolved', opened_at DESC`,
      query_params: { since },
      format: 'JSONEachRow',
    });
    for await (const rows of answer.stream<{ record: string }>()) {
      for (const row of rows) yield alertRecord.parse(JSON.parse(row.json().record));
    }
  }

  private async read(where: string, params: Record<string, unknown>, limit: number): Promise<AlertRecord[]> {
    const answer = await this.clickhouse.query({
      query: `SELECT record FROM alerts FINAL WHERE ${where} ORDER BY opened_at DESC, id DESC LIMIT {rows:UInt32}`,
      query_params: { ...params, rows: limit },
      format: 'JSONEachRow',
    });
    const rows = await answer.json<{ record: string }>();
    return rows.map(({ record }) => alertRecord.parse(JSON.parse(record)));
  }
}

function readCursor(cursor: string): [openedAt: number, id: string] {
  try {
    return cursorContent.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    const message = 'is not one that this API gave out; start again without it';
    throw new AppError('CURSOR_INVALID', 400, `cursor ${message}`, { cause, problems: [{ path: 'cursor', message }] });
  }
}
