import { Readable } from 'node:stream';
import { ClickHouseClient, ClickHouseError, ClickHouseSettings } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { NARROW, readRows, UNLOGGED } from '../clickhouse/read-rows';
import { ENVELOPE_TUPLE, EXTRACTED_COLUMNS } from '../events/extracted-columns';
import { ROW_STRUCTURE } from '../events/row';
import type { LeafRange } from './batch';

/**
 * One row of `events` from one row of `input()`. Everything but the row's own hash, signature and place comes out of the
 * envelope. A row that is not what it should be stops the insert instead of being stored with defaults.
 */
const SELECT_ROWS = `
SELECT
    ${EXTRACTED_COLUMNS.map((column) => column.value).join(', ')},
    envelope, checksum, key_id, signature, leaf_index, {batch:UInt64}
FROM
(
    SELECT *, JSONExtract(envelope, '${ENVELOPE_TUPLE}') AS e
    FROM input('${ROW_STRUCTURE}')
)
WHERE NOT throwIf(toUInt128(e.id) != reinterpretAsUInt128(reverse(row_id)), 'the envelope does not belong to its row')
  AND NOT throwIf(e.tenant = '' OR e.eventType = '' OR e.retention = '', 'the envelope lacks a member')`;

const COLUMNS = `${EXTRACTED_COLUMNS.map((column) => column.name).join(', ')},
    envelope, checksum, key_id, signature, leaf_index, batch`;

/** The part of the events table that `input()` yields, for trying rows out without storing them. */
const NOWHERE = `SELECT ${COLUMNS} FROM events WHERE 0`;

/** A batch is one block, so that each partition gets one part. */
const SETTINGS = {
  async_insert: 0,
  input_format_parallel_parsing: 0,
  max_insert_block_size: '1000000',
  min_insert_block_size_rows: '1000000',
  min_insert_block_size_bytes: '0',
  max_partitions_per_insert_block: '1000',
  log_queries: 0,
} as const;

/** ClickHouse errors that say "these rows, never": whatever else fails may succeed later. By code, from ErrorCodes.cpp. */
const DATA_ERRORS = new Set([
  '6', // CANNOT_PARSE_TEXT
  '26', // CANNOT_PARSE_QUOTED_STRING
  '27', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  '36', // BAD_ARGUMENTS
  '38', // CANNOT_PARSE_DATE
  '41', // CANNOT_PARSE_DATETIME
  '53', // TYPE_MISMATCH
  '69', // ARGUMENT_OUT_OF_BOUND
  '70', // CANNOT_CONVERT_TYPE
  '72', // CANNOT_PARSE_NUMBER
  '117', // INCORRECT_DATA
  '131', // TOO_LARGE_STRING_SIZE
  '321', // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
  '376', // CANNOT_PARSE_UUID
  '395', // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
  '407', // DECIMAL_OVERFLOW
  '691', // UNKNOWN_ELEMENT_OF_ENUM
]);

export function refusesData(error: unknown): error is ClickHouseError {
  return error instanceof ClickHouseError && DATA_ERRORS.has(error.code);
}

const queryId = (database: string, batch: number, attempt: number) => `audit-${database}-${batch}-${attempt}`;

/** What of a batch is stored. */
export interface Presence {
  tenant: string;
  rows: number;
  /** Different leaf indices; equal to `rows` unless something is very wrong. */
  leaves: number;
  first: number;
  last: number;
}

/** Every statement that the writer sends to ClickHouse. */
@Injectable()
export class EventWriter {
  /** How far ClickHouse's clock is ahead of ours, ms. */
  private clockOffset: number | undefined;
  private database: string | undefined;

  constructor(@Inject(CLICKHOUSE) private readonly client: ClickHouseClient) {}

  /** Now by ClickHouse's clock, ms since the epoch, from its last reading. */
  async now(): Promise<number> {
    if (this.clockOffset === undefined) await this.readClock();
    return Date.now() + (this.clockOffset ?? 0);
  }

  async readClock(): Promise<number> {
    const before = Date.now();
    const [row] = await this.rows<{ now: number; database: string }>(
      'SELECT toUnixTimestamp64Milli(now64(3)) AS now, currentDatabase() AS database',
      {},
    );
    const now = Number(row?.now);
    this.database = row?.database;
    this.clockOffset = now - (before + Date.now()) / 2;
    return now;
  }

  /**
   * Inserts rows as one attempt. If ClickHouse starts on it after the deadline, it writes nothing and reports no error;
   * so whatever happens here, only `presence` says what is stored.
   */
  async insert(batch: number, attempt: number, deadline: number, rows: Buffer[]): Promise<void> {
    await this.now();
    await this.send(
      `INSERT INTO events (${COLUMNS}) ${SELECT_ROWS} AND toUnixTimestamp64Milli(now64(3)) <= {deadline:Int64} FORMAT RowBinary\n`,
      rows,
      { batch, deadline: Math.round(deadline) },
      queryId(this.database ?? '', batch, attempt),
    );
  }

  /** Throws what `insert` would throw for these rows, and stores nothing. */
  async rehearse(rows: Buffer[]): Promise<void> {
    const structure = await this.structure();
    await this.send(`INSERT INTO FUNCTION null('${structure}') ${SELECT_ROWS} FORMAT RowBinary\n`, rows, { batch: 0 });
  }

  async presence(batch: number, ranges: LeafRange[], since: number): Promise<Presence[]> {
    return this.rows<Presence>(
      `SELECT tenant, toUInt32(count()) AS rows, toUInt32(uniqExact(leaf_index)) AS leaves,
              min(leaf_index) AS first, max(leaf_index) AS last
       FROM events
       WHERE tenant IN {tenants:Array(String)} AND batch = {batch:UInt64}
         AND received_at >= fromUnixTimestamp64Milli({since:Int64})
       GROUP BY tenant`,
      { tenants: ranges.map((range) => range.tenant), batch, since },
      NARROW,
    );
  }

  /** Leaf indices of a batch that are stored for a tenant. */
  async leaves(batch: number, tenant: string, since: number): Promise<Set<number>> {
    const found = await this.rows<{ leaf: number }>(
      `SELECT DISTINCT leaf_index AS leaf FROM events
       WHERE tenant = {tenant:String} AND batch = {batch:UInt64} AND received_at >= fromUnixTimestamp64Milli({since:Int64})`,
      { tenant, batch, since },
    );
    return new Set(found.map((row) => Number(row.leaf)));
  }

  /** Ends what earlier attempts of a batch may still be doing; resolves when none of them runs any more. */
  async settle(batch: number, attempts: number): Promise<void> {
    await this.now();
    const ids = Array.from({ length: attempts }, (_, i) => queryId(this.database ?? '', batch, i + 1));
    await this.client.command({
      query: 'KILL QUERY WHERE query_id IN {ids:Array(String)} SYNC',
      query_params: { ids },
    });
    for (;;) {
      const running = await this.rows('SELECT 1 FROM system.processes WHERE query_id IN {ids:Array(String)}', { ids });
      if (running.length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Which of the ids (raw bytes) are stored, with their envelopes. */
  async stored(tenant: string, ids: Buffer[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (let i = 0; i < ids.length; i += LOOKUP) {
      const chunk = ids.slice(i, i + LOOKUP);
      const rows = await this.rows<{ hex: string; envelope: string }>(
        `SELECT lower(hex(toUInt128(id))) AS hex, envelope FROM events
         WHERE tenant = {tenant:String} AND toUInt128(id) IN (
           SELECT reinterpretAsUInt128(reverse(unhex(substring({ids:String}, number * 32 + 1, 32)))) FROM numbers({n:UInt32}))`,
        { tenant, ids: Buffer.concat(chunk).toString('hex'), n: chunk.length },
      );
      for (const row of rows) found.set(row.hex.padStart(32, '0'), row.envelope);
    }
    return found;
  }

  private structureText: string | undefined;

  private async structure(): Promise<string> {
    if (this.structureText === undefined) {
      const columns = await this.rows<{ name: string; type: string }>(`DESCRIBE (${NOWHERE})`, {});
      this.structureText = columns.map((c) => `${c.name} ${c.type.replaceAll("'", "\\'")}`).join(', ');
    }
    return this.structureText;
  }

  private async send(query: string, rows: Buffer[], params: Record<string, unknown>, id?: string): Promise<void> {
    const { stream } = await this.client.exec({
      query,
      values: Readable.from(rows, { objectMode: false }),
      query_params: params,
      clickhouse_settings: SETTINGS,
      ...(id && { query_id: id }),
    });
    for await (const chunk of stream) void chunk;
  }

  private rows<T>(
    query: string,
    params: Record<string, unknown>,
    settings: ClickHouseSettings = UNLOGGED,
  ): Promise<T[]> {
    return readRows(this.client, query, params, settings);
  }
}

/** Ids in one look-up, 32 characters each: ClickHouse takes at most 128 KiB in one parameter (http_max_field_value_size). */
const LOOKUP = 4000;
