import { createHash } from 'node:crypto';
import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows } from '../clickhouse/read-rows';
import { AppError } from '../common/app-error';
import { isUuid } from '../events/uuid';
import { readKeyset, writeKeyset } from '../registers/keyset';
import { REGULATIONS } from '../compliance/assessment';
import { Format, isPending, REPORT_STATES, ReportFile, ReportRecord, reportRecord } from './report-record';
import { SealedJson } from './sealed-json';

export const reportQuery = z.object({
  regulation: z.array(z.enum(REGULATIONS)).optional(),
  state: z.array(z.enum(REPORT_STATES)).optional(),
  schedule: z.array(z.string().max(63)).optional().describe('Names of schedules'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional().describe('nextCursor of the page before'),
});
export type ReportQuery = z.output<typeof reportQuery>;

interface Row {
  tenant: string;
  id: string;
  revision: number;
  sealed: string;
  keyNumber: number;
}

const INSERT = { async_insert: 0, date_time_input_format: 'best_effort' } as const;

/** Reports and their files in ClickHouse, so that any process can go on with a report and any API can hand it out. */
@Injectable()
export class ReportStore {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    private readonly sealing: SealedJson,
  ) {}

  /** Keeps this revision. Doing it twice, or an older one later, changes nothing. */
  async save(tenant: string, record: ReportRecord): Promise<void> {
    const { id, revision } = record;
    const { sealed, keyNumber } = await this.sealing.seal(tenant, ['report', id, revision], record);
    const row = {
      ...{ tenant, id, revision, sealed, key_number: keyNumber, pending: isPending(record), state: record.state },
      created_at: new Date(record.createdAt).toISOString(),
      regulation: record.request.regulation,
      schedule: record.schedule ?? '',
      retain_until: record.retainUntil,
    };
    await this.clickhouse.insert({
      table: 'reports',
      format: 'JSONEachRow',
      values: [row],
      clickhouse_settings: INSERT,
    });
  }

  async find(tenant: string, id: string): Promise<ReportRecord | undefined> {
    if (!isUuid(id)) return undefined;
    const [row] = await this.rows('tenant = {tenant:String} AND id = {id:UUID}', { tenant, id }, 1);
    return row && this.opened(row);
  }

  /** Newest first. @throws AppError 400 for a cursor that is none */
  async list(tenant: string, query: ReportQuery): Promise<{ items: ReportRecord[]; nextCursor: string | null }> {
    const where = ['tenant = {tenant:String}'];
    const params: Record<string, unknown> = { tenant };
    for (const column of ['regulation', 'state', 'schedule'] as const) {
      if (query[column] === undefined) continue;
      where.push(`${column} IN {${column}:Array(String)}`);
      params[column] = query[column];
    }
    if (query.cursor !== undefined) {
      const [at, id = ''] = readKeyset(query.cursor, 2);
      where.push(`(created_at, id) < (fromUnixTimestamp64Milli({at:Int64}, 'UTC'), toUUIDOrZero({after:String}))`);
      Object.assign(params, { at, after: id });
    }
    const rows = await this.rows(where.join(' AND '), params, query.limit + 1);
    const items = await Promise.all(rows.slice(0, query.limit).map((row) => this.opened(row)));
    const last = items.at(-1);
    const more = rows.length > query.limit && last !== undefined;
    return { items, nextCursor: more ? writeKeyset([last.createdAt, last.id]) : null };
  }

  /** Reports of all tenants with something still to do. */
  async pending(): Promise<{ tenant: string; id: string }[]> {
    return this.rows('pending', {}, 1000);
  }

  /** Keeps the files of a report: all or none. */
  async saveFiles(
    tenant: string,
    { id, attempts, retainUntil }: ReportRecord,
    files: readonly { format: Format; content: Buffer }[],
  ): Promise<ReportFile[]> {
    const described = files.map(({ format, content }) => ({
      format,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    }));
    await this.clickhouse.insert({
      table: 'report_files',
      format: 'JSONEachRow',
      values: files.map(({ format, content }, i) => ({
        ...{ tenant, report: id, attempt: attempts, format, sha256: described[i]?.sha256 },
        ...{ content: content.toString('base64'), retain_until: retainUntil },
      })),
      clickhouse_settings: INSERT,
    });
    return described;
  }

  /** @throws AppError 500 `REPORT_DAMAGED` if it is not the file that was made, 410 if it is gone */
  async file(tenant: string, id: string, attempt: number, { format, sha256 }: ReportFile): Promise<Buffer> {
    const [row] = await readRows<{ content: string }>(
      this.clickhouse,
      `SELECT content FROM report_files WHERE tenant = {tenant:String} AND report = {id:UUID}
         AND attempt = {attempt:UInt32} AND format = {format:String} LIMIT 1`,
      { tenant, id, attempt, format },
    );
    if (!row) throw new AppError('REPORT_GONE', 410, `the retention of report ${id} has ended`);
    const content = Buffer.from(row.content, 'base64');
    if (createHash('sha256').update(content).digest('hex') === sha256) return content;
    throw new AppError(
      'REPORT_DAMAGED',
      500,
      `the stored file of report ${id} is not the one that was made; make it again`,
    );
  }

  private rows(where: string, params: Record<string, unknown>, limit: number): Promise<Row[]> {
    return readRows(
      this.clickhouse,
      `SELECT tenant, id, revision, sealed, key_number AS keyNumber FROM reports FINAL
       WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT {rows:UInt32}`,
      { ...params, rows: limit },
    );
  }

  private async opened({ tenant, id, revision, ...sealed }: Row): Promise<ReportRecord> {
    return reportRecord.parse(await this.sealing.open(tenant, ['report', id, revision], sealed));
  }
}
