import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows, UNLOGGED } from '../clickhouse/read-rows';
import { IN_RANGE } from './verify-scan';
import type { VerificationReport } from './verify-report';

/** Hashes in one parameter, 64 characters each: ClickHouse takes at most 128 KiB. */
const LOOKUP = 1500;

export interface CheckpointRow {
  size: number;
  /** hex */
  root: string;
  note: string;
  /** ms since the epoch. */
  signedAt: number;
}

export interface SoundVerification {
  kind: 'full' | 'incremental';
  first: number;
  /** Events before this leaf, from `first` on, were verified. */
  size: number;
  /** Newest checkpoint then; empty before the first. */
  checkpoint: string;
  startedAt: number;
}

export interface EventRow {
  leafIndex: number;
  id: string;
  hash: Buffer;
}

/** What verification looks up in ClickHouse, beside what it reads from end to end (`verify-scan.ts`). */
@Injectable()
export class VerifyStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** Checkpoints with `first <= size <= last`, by size and time. */
  checkpoints(tenant: string, first: number, last: number): Promise<CheckpointRow[]> {
    return this.rows(
      `SELECT size, lower(hex(root)) AS root, note, toUnixTimestamp64Milli(checkpoints.signed_at) AS signedAt FROM checkpoints
       WHERE tenant = {tenant:String} AND size >= {first:UInt64} AND size <= {last:UInt64} ORDER BY size, signed_at`,
      { tenant, first, last },
    );
  }

  /** Newest first. */
  newestCheckpoints(tenant: string, limit: number): Promise<CheckpointRow[]> {
    return this.rows(
      `SELECT size, lower(hex(root)) AS root, note, toUnixTimestamp64Milli(checkpoints.signed_at) AS signedAt FROM checkpoints
       WHERE tenant = {tenant:String} ORDER BY size DESC, signed_at DESC LIMIT {limit:UInt32}`,
      { tenant, limit },
    );
  }

  /** When the first checkpoint was signed, ms since the epoch; undefined before that. */
  async firstSigned(tenant: string): Promise<number | undefined> {
    const [row] = await this.rows<{ at: number }>(
      `SELECT toUnixTimestamp64Milli(min(checkpoints.signed_at)) AS at FROM checkpoints
       WHERE tenant = {tenant:String} HAVING count() > 0`,
      { tenant },
    );
    return row?.at;
  }

  /** Size of the first checkpoint over at least so many leaves. */
  async sizeCovering(tenant: string, leaves: number): Promise<number | undefined> {
    const [row] = await this.rows<{ size: number }>(
      `SELECT size FROM checkpoints WHERE tenant = {tenant:String} AND size >= {leaves:UInt64} ORDER BY size LIMIT 1`,
      { tenant, leaves },
    );
    return row?.size;
  }

  /** Rows with these leaf indices. */
  async eventsAt(tenant: string, leaves: readonly number[]): Promise<EventRow[]> {
    const found: EventRow[] = [];
    for (let i = 0; i < leaves.length; i += LOOKUP) {
      found.push(
        ...(await this.events('leaf_index IN {leaves:Array(UInt64)}', {
          tenant,
          leaves: leaves.slice(i, i + LOOKUP),
        })),
      );
    }
    return found;
  }

  /** Rows behind the last sealed leaf, by leaf index. */
  eventsFrom(tenant: string, first: number, limit: number): Promise<EventRow[]> {
    return this.events('leaf_index >= {first:UInt64} ORDER BY leaf_index LIMIT {limit:UInt32}', {
      tenant,
      first,
      limit,
    });
  }

  /** Where the ledger holds these hashes: hex → leaf indices. */
  async placesOf(tenant: string, hashes: readonly string[]): Promise<Map<string, number[]>> {
    const found = new Map<string, number[]>();
    for (let i = 0; i < hashes.length; i += LOOKUP) {
      const rows = await this.rows<{ hash: string; leaf: number }>(
        `SELECT lower(hex(leaf_hash)) AS hash, leaf_index AS leaf FROM ledger_leaves
         WHERE tenant = {tenant:String} AND leaf_hash IN (SELECT toFixedString(unhex(arrayJoin({hashes:Array(String)})), 32))
         ORDER BY leaf_index LIMIT 1 BY leaf_index, leaf_hash`,
        { tenant, hashes: hashes.slice(i, i + LOOKUP) },
      );
      for (const { hash, leaf } of rows) found.set(hash, [...(found.get(hash) ?? []), leaf]);
    }
    return found;
  }

  /** The leaves that were received between two times (ms since the epoch); if there are none, behind all and before all. */
  async receivedBetween(tenant: string, from: number | undefined, to: number | undefined): Promise<[number, number]> {
    const [row] = await this.rows<{ first: number; end: number }>(
      `SELECT if(count() = 0, {none:UInt64}, min(leaf_index)) AS first, if(count() = 0, 0, max(leaf_index) + 1) AS end FROM events
       WHERE tenant = {tenant:String} AND received_at >= fromUnixTimestamp64Milli({from:Int64})
         AND received_at < fromUnixTimestamp64Milli({to:Int64})`,
      { tenant, from: from ?? 0, to: to ?? 4_102_444_800_000, none: Number.MAX_SAFE_INTEGER },
    );
    return [row?.first ?? 0, row?.end ?? 0];
  }

  /** Stored events that name people who were erased. */
  async erasedEvents(tenant: string, first: number, end: number, limit: number) {
    const erased = `${IN_RANGE} AND (actor IN (${ERASED}) OR subject IN (${ERASED}))`;
    const params = { tenant, first, end, limit };
    const [row] = await this.rows<{ count: number }>(`SELECT count() AS count FROM events WHERE ${erased}`, params);
    const listed = await this.rows<{ leafIndex: number; id: string; actor: string; subject: string }>(
      `SELECT leaf_index AS leafIndex, toString(id) AS id, actor, subject FROM events WHERE ${erased}
       ORDER BY leaf_index LIMIT {limit:UInt32}`,
      params,
    );
    return { count: row?.count ?? 0, listed };
  }

  /** Tenants with a ledger or events. */
  async tenants(): Promise<string[]> {
    const rows = await this.rows<{ tenant: string }>(
      'SELECT DISTINCT tenant FROM (SELECT DISTINCT tenant FROM events UNION ALL SELECT DISTINCT tenant FROM checkpoints) ORDER BY tenant',
      {},
    );
    return rows.map((row) => row.tenant);
  }

  async save(id: string, report: VerificationReport): Promise<void> {
    await this.clickhouse.insert({
      table: 'verifications',
      format: 'JSONEachRow',
      values: [
        {
          ...{ tenant: report.tenant, id, kind: report.kind, first_leaf: report.from, size: report.to },
          ...{ events: report.events, faults: report.faults.total, report: JSON.stringify(report) },
          ...{ started_at: report.startedAt, finished_at: report.finishedAt },
        },
      ],
      clickhouse_settings: { ...UNLOGGED, async_insert: 0 },
    });
  }

  async report(tenant: string, id: string): Promise<VerificationReport | undefined> {
    const [row] = await this.rows<{ report: string }>(
      'SELECT report FROM verifications WHERE tenant = {tenant:String} AND id = {id:UUID} LIMIT 1',
      { tenant, id },
    );
    return row && (JSON.parse(row.report) as VerificationReport);
  }

  /** Verifications that found no fault, oldest first; times in ms since the epoch. */
  sound(tenant: string): Promise<SoundVerification[]> {
    return this.rows(
      `SELECT toString(kind) AS kind, first_leaf AS first, size, JSONExtractString(report, 'checkpoint') AS checkpoint,
              toUnixTimestamp64Milli(started_at) AS startedAt
       FROM verifications WHERE tenant = {tenant:String} AND faults = 0 ORDER BY started_at DESC LIMIT 1000`,
      { tenant },
    ).then((rows) => (rows as SoundVerification[]).reverse());
  }

  private async events(condition: string, params: Record<string, unknown>): Promise<EventRow[]> {
    const rows = await this.rows<{ leafIndex: number; id: string; hash: string }>(
      `SELECT leaf_index AS leafIndex, toString(id) AS id, hex(SHA256(concat(char(0), envelope))) AS hash
       FROM events WHERE tenant = {tenant:String} AND ${condition}`,
      params,
    );
    return rows.map((row) => ({ ...row, hash: Buffer.from(row.hash, 'hex') }));
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows(this.clickhouse, query, params, UNLOGGED);
  }
}

const ERASED = 'SELECT arrayJoin(references) FROM erasures WHERE tenant = {tenant:String}';
