import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows, UNLOGGED } from '../clickhouse/read-rows';
import { ENVELOPE_TUPLE, EXTRACTED_COLUMNS } from '../events/extracted-columns';
import type { TileHash } from './ledger-store';
import { HASH_BYTES } from './merkle';
import { eachRecord, HashTable, JudgedTable, readLeaf, rowKey } from './verify-rows';
import type { VerificationReport } from './verify-report';
import type { SignatureTally } from './verify-signatures';

/** Columns that are compared with the envelope; bit i of a row's differences is the i-th. */
export const COMPARED: readonly string[] = [...EXTRACTED_COLUMNS.map((column) => column.name), 'checksum'];

const DIFFERENCES = COMPARED.map((name, i) => {
  const { value, tolerant = value } = EXTRACTED_COLUMNS[i] ?? { value: 'rehashed' };
  // Where both are null they are the same.
  const column = name === 'severity' ? 'toString(severity)' : `events.${name}`;
  const differs =
    name === 'amount' || name === 'record_count'
      ? `(isNull(${column}) != isNull(${tolerant}) OR ifNull(${column} != ${tolerant}, 0))`
      : `${column} != ${tolerant}`;
  return `bitShiftLeft(toUInt32(${differs}), ${i})`;
});

/** Columns of few values are no quicker to compare than to make. */
const MEMBERS = ENVELOPE_TUPLE.replaceAll('LowCardinality(String)', 'String');
/** Where the fields of a judged row stand. */
const HASH_AT = 8;
const CHECKSUM_AT = HASH_AT + HASH_BYTES;
const DIFFERENCES_AT = CHECKSUM_AT + HASH_BYTES;
const KEY_AT = DIFFERENCES_AT + 4;
const SIGNATURE_AT = KEY_AT + 4;

const IN_RANGE = `tenant = {tenant:String} AND leaf_index >= {first:UInt64} AND leaf_index < {end:UInt64}`;
const QUIET = { log_queries: 0 } as const;
/** The whole answer is made before the first byte goes out, so a failure is an error and no short answer. */
const WHOLE = { ...QUIET, wait_end_of_query: 1 } as const;
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

/** What verification asks ClickHouse. It never tells it a key: who administers the store must not be able to sign. */
@Injectable()
export class VerifyStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** Hashes the stored bytes of a range again, compares all columns with them, and has the signatures counted. */
  async judged(tenant: string, first: number, end: number, signatures: SignatureTally): Promise<JudgedTable> {
    const table = new JudgedTable(first, end);
    const stream = await this.stream(
      `SELECT leaf_index, SHA256(concat(char(0), envelope)), rehashed, toUInt32(${DIFFERENCES.join(' + ')}), key_id, signature
       FROM (SELECT *, SHA256(envelope) AS rehashed, JSONExtract(envelope, '${MEMBERS}') AS e FROM events WHERE ${IN_RANGE})
         AS events`,
      { tenant, first, end },
      WHOLE,
    );
    await eachRecord(stream, SIGNATURE_AT + HASH_BYTES, (bytes, at) => {
      const leafIndex = readLeaf(bytes, at);
      table.put(leafIndex, bytes, at + HASH_AT);
      const leafHash = bytes.subarray(at + HASH_AT, at + CHECKSUM_AT);
      const checksum = bytes.toString('latin1', at + CHECKSUM_AT, at + DIFFERENCES_AT);
      const signature = bytes.toString('latin1', at + SIGNATURE_AT, at + SIGNATURE_AT + HASH_BYTES);
      signatures.add({ leafIndex, leafHash, checksum, keyId: bytes.readUInt32LE(at + KEY_AT), signature });
      const differences = bytes.readUInt32LE(at + DIFFERENCES_AT);
      if (differences !== 0) table.differing.set(rowKey(leafIndex, leafHash), differences);
    });
    return table;
  }

  /** The leaf hashes that the ledger holds. */
  async sealed(tenant: string, first: number, end: number): Promise<HashTable> {
    const table = new HashTable(first, end);
    const stream = await this.stream(
      `SELECT leaf_index, leaf_hash FROM ledger_leaves WHERE ${IN_RANGE}`,
      { tenant, first, end },
      WHOLE,
    );
    await eachRecord(stream, 8 + HASH_BYTES, (bytes, at) => {
      const leaf = readLeaf(bytes, at);
      // The same hash twice is a row that was written again.
      if (table.get(leaf)?.equals(bytes.subarray(at + 8, at + 8 + HASH_BYTES)) !== true) table.put(leaf, bytes, at + 8);
    });
    return table;
  }

  async tiles(tenant: string, level: number, start: number, end: number): Promise<Omit<TileHash, 'tenant'>[]> {
    const tiles: Omit<TileHash, 'tenant'>[] = [];
    const stream = await this.stream(
      `SELECT place, hash FROM ledger_tiles
       WHERE tenant = {tenant:String} AND level = {level:UInt8} AND place >= {start:UInt64} AND place < {end:UInt64}`,
      { tenant, level, start, end },
      WHOLE,
    );
    await eachRecord(stream, 8 + HASH_BYTES, (bytes, at) => {
      const hash = Buffer.from(bytes.subarray(at + 8, at + 8 + HASH_BYTES));
      tiles.push({ level, place: readLeaf(bytes, at), hash });
    });
    return tiles;
  }

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
      clickhouse_settings: { ...QUIET, async_insert: 0 },
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

  private async stream(
    query: string,
    params: Record<string, unknown>,
    settings: typeof QUIET | typeof WHOLE,
  ): Promise<AsyncIterable<Buffer>> {
    const { stream } = await this.clickhouse.exec({
      query: `${query} FORMAT RowBinary`,
      query_params: params,
      clickhouse_settings: settings,
    });
    return stream as AsyncIterable<Buffer>;
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows(this.clickhouse, query, params, UNLOGGED);
  }
}

const ERASED = 'SELECT arrayJoin(references) FROM erasures WHERE tenant = {tenant:String}';
