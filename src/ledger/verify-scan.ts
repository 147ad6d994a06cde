import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { Columns, nativeColumns } from '../clickhouse/native-columns';
import { UNLOGGED } from '../clickhouse/read-rows';
import { ENVELOPE_TUPLE, EXTRACTED_COLUMNS } from '../events/extracted-columns';
import type { TileHash } from './ledger-store';
import { HASH_BYTES } from './merkle';
import { hashAt, HashTable, JudgedTable, LEAF_BYTES, readLeaf, SealedTable } from './verify-rows';
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

const IN_RANGE = `tenant = {tenant:String} AND leaf_index >= {first:UInt64} AND leaf_index < {end:UInt64}`;
/** The whole answer is made before the first byte goes out, so a failure is an error and no short answer. */
const WHOLE = { ...UNLOGGED, wait_end_of_query: 1 } as const;

/** Reads ledgers from end to end. It never tells ClickHouse a key: who administers the store must not be able to sign. */
@Injectable()
export class VerifyScan {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** Hashes the stored bytes of a range again, compares all columns with them, and has the signatures counted. */
  async judged(tenant: string, first: number, end: number, tally: SignatureTally): Promise<JudgedTable> {
    const table = new JudgedTable(first, end);
    const blocks = this.columns(
      `SELECT leaf_index, SHA256(concat(char(0), envelope)), rehashed, toUInt32(${DIFFERENCES.join(' + ')}), key_id, signature
       FROM (SELECT *, SHA256(envelope) AS rehashed, JSONExtract(envelope, '${MEMBERS}') AS e FROM events WHERE ${IN_RANGE})
         AS events`,
      { tenant, first, end },
      [LEAF_BYTES, HASH_BYTES, HASH_BYTES, 4, 4, HASH_BYTES],
    );
    for await (const [leaves, leafHashes, checksums, differences, keyIds, signatures] of blocks) {
      table.putAll(leaves, leafHashes);
      table.addDifferences(leaves, leafHashes, differences);
      tally.addAll({ leaves, leafHashes, checksums, keyIds, signatures });
    }
    return table;
  }

  /** The leaf hashes that the ledger holds. */
  async sealed(tenant: string, first: number, end: number): Promise<HashTable> {
    const table = new SealedTable(first, end);
    const blocks = this.columns(
      `SELECT leaf_index, leaf_hash FROM ledger_leaves WHERE ${IN_RANGE}`,
      { tenant, first, end },
      [LEAF_BYTES, HASH_BYTES],
    );
    for await (const [leaves, hashes] of blocks) table.putAll(leaves, hashes);
    return table;
  }

  async tiles(tenant: string, level: number, start: number, end: number): Promise<Omit<TileHash, 'tenant'>[]> {
    const tiles: Omit<TileHash, 'tenant'>[] = [];
    const blocks = this.columns(
      `SELECT place, hash FROM ledger_tiles
       WHERE tenant = {tenant:String} AND level = {level:UInt8} AND place >= {start:UInt64} AND place < {end:UInt64}`,
      { tenant, level, start, end },
      [LEAF_BYTES, HASH_BYTES],
    );
    for await (const [places, hashes] of blocks) {
      for (let row = 0; row * HASH_BYTES < hashes.length; row++) {
        tiles.push({ level, place: readLeaf(places, row * LEAF_BYTES), hash: Buffer.from(hashAt(hashes, row)) });
      }
    }
    return tiles;
  }

  private async *columns<const Widths extends readonly number[]>(
    query: string,
    params: Record<string, unknown>,
    widths: Widths,
  ): AsyncGenerator<Columns<Widths>> {
    const { stream } = await this.clickhouse.exec({
      query: `${query} FORMAT Native`,
      query_params: params,
      clickhouse_settings: WHOLE,
    });
    yield* nativeColumns(stream as AsyncIterable<Buffer>, widths);
  }
}
