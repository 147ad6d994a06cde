import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows } from '../clickhouse/read-rows';
import type { Erasure, ErasureCertificate, ErasureFacts } from './erasure';

type Row = Omit<Erasure, 'summary' | 'certificate'> & { summary: string; certificate: string };

const SELECT = `SELECT tenant, id, references, reason, requested_by AS requestedBy, state, summary, checkpoint, certificate,
                       toUnixTimestamp64Milli(requested_at) AS requestedAt,
                       toUnixTimestamp64Milli(finished_at) AS finishedAt, version
                FROM erasures FINAL`;

/** Erasures, begun and done, in ClickHouse. */
@Injectable()
export class ErasureStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  async find(tenant: string, id: string): Promise<Erasure | undefined> {
    const [row] = await this.rows<Row>(`${SELECT} WHERE tenant = {tenant:String} AND id = {id:UUID}`, { tenant, id });
    return row && read(row);
  }

  /** Newest first. */
  async list(tenant: string, limit: number): Promise<Erasure[]> {
    const query = `${SELECT} WHERE tenant = {tenant:String} ORDER BY requested_at DESC, id LIMIT {limit:UInt32}`;
    return (await this.rows<Row>(query, { tenant, limit })).map(read);
  }

  /** The first erasure of a person, by what stands for the person in events. */
  async ofReference(tenant: string, reference: string): Promise<Erasure | undefined> {
    const query = `${SELECT} WHERE tenant = {tenant:String} AND has(references, {reference:String}) ORDER BY requested_at LIMIT 1`;
    const [row] = await readRows<Row>(this.clickhouse, query, { tenant, reference });
    return row && read(row);
  }

  /** Erasures of all tenants that were begun before a time and are not done. */
  async unfinished(before: number): Promise<Erasure[]> {
    const query = `${SELECT} WHERE state = 'begun' AND requested_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC')`;
    return (await this.rows<Row>(query, { before })).map(read);
  }

  /** Erased people whose key is there all the same, brought back by a process that was suspended while it copied them, say. */
  revenants(): Promise<{ tenant: string; references: string[] }[]> {
    return this.rows(
      `SELECT tenant, groupUniqArray(reference) AS references FROM subjects
       WHERE (tenant, reference) IN (SELECT tenant, arrayJoin(references) FROM erasures)
       GROUP BY tenant`,
      {},
    );
  }

  async save(erasure: Erasure): Promise<void> {
    await this.clickhouse.insert({
      table: 'erasures',
      format: 'JSONEachRow',
      values: [
        {
          tenant: erasure.tenant,
          id: erasure.id,
          references: erasure.references,
          reason: erasure.reason,
          requested_by: erasure.requestedBy,
          state: erasure.state,
          summary: JSON.stringify(erasure.summary),
          checkpoint: erasure.checkpoint,
          certificate: erasure.certificate === null ? '' : JSON.stringify(erasure.certificate),
          requested_at: new Date(erasure.requestedAt).toISOString(),
          finished_at: erasure.finishedAt === null ? null : new Date(erasure.finishedAt).toISOString(),
          version: erasure.version,
        },
      ],
    });
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows(this.clickhouse, query, params);
  }
}

const read = (row: Row): Erasure => ({
  ...row,
  summary: JSON.parse(row.summary) as ErasureFacts,
  certificate: row.certificate === '' ? null : (JSON.parse(row.certificate) as ErasureCertificate),
});
