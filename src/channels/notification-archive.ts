import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { AppError } from '../common/app-error';
import { isUuid } from '../events/uuid';
import type { Delivery } from './delivery';
import type { NotificationQuery } from './notification-query';

/** A line of the notification log. Times in ms since the epoch. */
export interface Notification extends Omit<Delivery, 'tenant' | 'target' | 'transition' | 'type' | 'kind'> {
  type: string;
  kind: string;
  alertId: string | null;
  ruleId: string | null;
  severity: string | null;
}

const COLUMNS = `id, revision, kind, nullIf(alert_id, '') AS alertId, nullIf(rule_id, '') AS ruleId,
  nullIf(severity, '') AS severity, recipient AS group, channel, type, destination, state, nullIf(reason, '') AS reason, attempts,
  toUnixTimestamp64Milli(happened_at) AS at, toUnixTimestamp64Milli(created_at) AS createdAt,
  toUnixTimestamp64Milli(updated_at) AS updatedAt, toUnixTimestamp64Milli(due_at) AS dueAt,
  toUnixTimestamp64Milli(sent_at) AS sentAt, nullIf(digest, '') AS digest`;
const cursorContent = z.tuple([z.number().int(), z.string().refine(isUuid)]);
const time = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;

/** All notifications and what became of them, in ClickHouse; a moment behind. */
@Injectable()
export class NotificationArchive {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** Keeps these revisions. Doing it twice, or an older one later, changes nothing. */
  async save(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length === 0) return;
    const iso = (ms: number) => new Date(ms).toISOString();
    await this.clickhouse.insert({
      table: 'notifications',
      format: 'JSONEachRow',
      values: deliveries.map((d) => ({
        ...{ tenant: d.tenant, id: d.id, revision: d.revision, kind: d.kind, channel: d.channel, type: d.type },
        ...{ destination: d.destination, state: d.state, attempts: d.attempts, recipient: d.group },
        alert_id: d.transition?.alert.id ?? '',
        rule_id: d.transition?.alert.ruleId ?? '',
        severity: d.transition?.alert.severity ?? '',
        reason: d.reason ?? '',
        created_at: iso(d.createdAt),
        happened_at: iso(d.at),
        updated_at: iso(d.updatedAt),
        due_at: d.dueAt === null ? null : iso(d.dueAt),
        sent_at: d.sentAt === null ? null : iso(d.sentAt),
        digest: d.digest ?? '',
      })),
      clickhouse_settings: { async_insert: 0, date_time_input_format: 'best_effort' },
    });
  }

  async get(tenant: string, id: string): Promise<Notification | undefined> {
    if (!isUuid(id)) return undefined;
    const [found] = await this.read('tenant = {tenant:String} AND id = {id:UUID}', { tenant, id }, 1);
    return found;
  }

  /** Newest first. @throws AppError 400 for a cursor that is none */
  async list(tenant: string, query: NotificationQuery): Promise<{ items: Notification[]; nextCursor: string | null }> {
    const where = ['tenant = {tenant:String}'];
    const params: Record<string, unknown> = { tenant };
    const among = (column: string, name: keyof NotificationQuery) => {
      if (query[name] === undefined) return;
      where.push(`${column} IN {${name}:Array(String)}`);
      params[name] = query[name];
    };
    among('state', 'state');
    among('kind', 'kind');
    among('type', 'type');
    among('recipient', 'group');
    among('alert_id', 'alertId');
    among('digest', 'digest');
    if (query.from !== undefined) where.push(`created_at >= ${time('from')}`);
    if (query.to !== undefined) where.push(`created_at < ${time('to')}`);
    Object.assign(params, { from: query.from, to: query.to });
    if (query.cursor !== undefined) {
      const [createdAt, id] = readCursor(query.cursor);
      where.push(`(created_at, id) < (${time('cursorTime')}, {cursorId:UUID})`);
      Object.assign(params, { cursorTime: createdAt, cursorId: id });
    }
    const found = await this.read(where.join(' AND '), params, query.limit + 1);
    const items = found.slice(0, query.limit);
    const last = items.at(-1);
    const next = found.length > query.limit && last ? JSON.stringify([last.createdAt, last.id]) : undefined;
    return { items, nextCursor: next === undefined ? null : Buffer.from(next).toString('base64url') };
  }

  private async read(where: string, params: Record<string, unknown>, limit: number): Promise<Notification[]> {
    const answer = await this.clickhouse.query({
      query: `SELECT ${COLUMNS} FROM notifications FINAL WHERE ${where}
              ORDER BY notifications.created_at DESC, id DESC LIMIT {rows:UInt32}`,
      query_params: { ...params, rows: limit },
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    return answer.json<Notification>();
  }
}

function readCursor(cursor: string): [createdAt: number, id: string] {
  try {
    return cursorContent.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    const message = 'is not one that this API gave out; start again without it';
    throw new AppError('CURSOR_INVALID', 400, `cursor ${message}`, { cause, problems: [{ path: 'cursor', message }] });
  }
}
