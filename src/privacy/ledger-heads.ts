import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows } from '../clickhouse/read-rows';

/** How far a tenant's ledger is sealed. */
export interface LedgerHead {
  /** Leaves under the checkpoint. */
  size: number;
  /** The checkpoint itself, a signed note. */
  note: string;
}

/** What privacy needs to know of the ledger. */
@Injectable()
export class LedgerHeads {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** The newest checkpoint; undefined while nothing is sealed. */
  async newest(tenant: string): Promise<LedgerHead | undefined> {
    const [head] = await this.rows<LedgerHead>(
      `SELECT size, note FROM checkpoints WHERE tenant = {tenant:String} ORDER BY size DESC, signed_at DESC LIMIT 1`,
      { tenant },
    );
    return head;
  }

  /** Whether a checkpoint covers all that is stored now. */
  async coversAll(tenant: string): Promise<boolean> {
    const [row] = await this.rows<{ end: number }>(
      'SELECT max(leaf_index) + 1 AS end FROM events WHERE tenant = {tenant:String} HAVING count() > 0',
      { tenant },
    );
    return ((await this.newest(tenant))?.size ?? 0) >= (row?.end ?? 0);
  }

  /** Where an event stands; undefined until it is stored. */
  async leafOf(tenant: string, eventId: string): Promise<number | undefined> {
    const [row] = await this.rows<{ leaf: number }>(
      `SELECT leaf_index AS leaf FROM events WHERE tenant = {tenant:String} AND toUInt128(id) = toUInt128({id:UUID}) LIMIT 1`,
      { tenant, id: eventId },
    );
    return row?.leaf;
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows(this.clickhouse, query, params);
  }
}
