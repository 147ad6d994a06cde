import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows } from '../clickhouse/read-rows';
import { LedgerStore } from '../ledger/ledger-store';
import { GAPS_SHOWN, Population, VerifiedRange } from './content';

/** Verifications looked at; one a night covers more than a year. */
const VERIFICATIONS = 500;

/** What the ledger says of the events of a period. Reads leaf indices only, and counts them in a bitmap,
 * so its memory does not grow with the events. */
@Injectable()
export class LedgerFacts {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    private readonly ledger: LedgerStore,
  ) {}

  /** @param from ISO 8601, inclusive; @param to exclusive */
  async population(tenant: string, from: string, to: string): Promise<Population> {
    const [span] = await this.rows<{ events: number; first: number; last: number }>(
      `SELECT count() AS events, min(leaf_index) AS first, max(leaf_index) AS last FROM events
       WHERE tenant = {tenant:String} AND occurred_at >= parseDateTime64BestEffort({from:String}, 3, 'UTC')
         AND occurred_at < parseDateTime64BestEffort({to:String}, 3, 'UTC')`,
      { tenant, from, to },
    );
    if (!span || span.events === 0) return { first: null, last: null, missing: 0, gaps: [], checkpoint: null };
    const { first, last } = span;
    const [stored] = await this.rows<{ leaves: number }>(`SELECT groupBitmap(leaf_index) AS leaves ${BETWEEN}`, {
      ...{ tenant, first, last },
    });
    const missing = last - first + 1 - (stored?.leaves ?? 0);
    const gaps = missing === 0 ? [] : await this.gaps(tenant, first, last);
    const [checkpoint] = await this.ledger.checkpoints(tenant, last + 1, 1);
    return {
      ...{ first, last, missing, gaps },
      checkpoint: checkpoint
        ? { size: checkpoint.size, note: checkpoint.note, signedAt: new Date(checkpoint.signedAt).toISOString() }
        : null,
    };
  }

  /** Newest first. */
  async verifications(tenant: string): Promise<VerifiedRange[]> {
    const rows = await this.rows<Omit<VerifiedRange, 'finishedAt'> & { finishedAt: number }>(
      `SELECT toString(id) AS id, toString(kind) AS kind, first_leaf AS first, size AS end, faults,
              toUnixTimestamp64Milli(finished_at) AS finishedAt
       FROM verifications WHERE tenant = {tenant:String} ORDER BY started_at DESC LIMIT {limit:UInt32}`,
      { tenant, limit: VERIFICATIONS },
    );
    return rows.map((row) => ({ ...row, finishedAt: new Date(row.finishedAt).toISOString() }));
  }

  private gaps(tenant: string, first: number, last: number): Promise<Population['gaps']> {
    return this.rows(
      `SELECT before + 1 AS first, leaf_index - 1 AS last FROM
         (SELECT leaf_index, lagInFrame(leaf_index, 1, leaf_index) OVER (ORDER BY leaf_index ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
          ${BETWEEN})
       WHERE leaf_index > before + 1 ORDER BY first LIMIT {limit:UInt32}`,
      { tenant, first, last, limit: GAPS_SHOWN },
    );
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows<T>(this.clickhouse, query, params);
  }
}

const BETWEEN =
  'FROM events WHERE tenant = {tenant:String} AND leaf_index >= {first:UInt64} AND leaf_index <= {last:UInt64}';
