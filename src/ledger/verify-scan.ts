import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readColumns, uint64At } from '../clickhouse/native-columns';
import { ENVELOPE_TUPLE, EXTRACTED_COLUMNS } from '../events/extracted-columns';
import { HASH_BYTES, hashAt } from './merkle';
import type { TiledHash } from './tiles';
import { HashTable, JudgedTable, SealedTable } from './verify-rows';
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

/** Leaves of a tenant from `first` to before `end`. */
export const IN_RANGE = `tenant = {tenant:String} AND leaf_index >= {first:UInt64} AND leaf_index < {end:UInt64}`;

/** Reads ledgers from end to end. It never tells ClickHouse a key: who administers the store must not be able to sign. */
@Injectable()
export class VerifyScan {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** Hashes the stored bytes of a range again, compares all columns with them, and has the signatures counted. */
  async judged(tenant: string, first: number, end: number, tally: SignatureTally): Promise<JudgedTable> {
    const table = new JudgedTable(first, end);
    const blocks = readColumns(
      this.clickhouse,
      `SELECT leaf_index, SHA256(concat(char(0), envelope)), rehashed, toUInt32(${DIFFERENCES.join(' + ')}), key_id, signature
       FROM (SELECT *, SHA256(envelope) AS rehashed, JSONExtract(envelope, '${MEMBERS}') AS e FROM events WHERE ${IN_RANGE})
         AS events`,
      { tenant, first, end },
      [8, HASH_BYTES, HASH_BYTES, 4, 4, HASH_BYTES],
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
    const blocks = readColumns(
      this.clickhouse,
      `SELECT leaf_index, leaf_hash FROM ledger_leaves WHERE ${IN_RANGE}`,
      { tenant, first, end },
      [8, HASH_BYTES],
    );
    for await (const [leaves, hashes] of blocks) table.putAll(leaves, hashes);
    return table;
  }

  async tiles(tenant: string, level: number, start: number, end: number): Promise<TiledHash[]> {
    const tiles: TiledHash[] = [];
    const blocks = readColumns(
      this.clickhouse,
      `SELECT place, hash FROM ledger_tiles
       WHERE tenant = {tenant:String} AND level = {level:UInt8} AND place >= {start:UInt64} AND place < {end:UInt64}`,
      { tenant, level, start, end },
      [8, HASH_BYTES],
    );
    for await (const [places, hashes] of blocks) {
      for (let row = 0; row * HASH_BYTES < hashes.length; row++) {
        tiles.push({ level, place: uint64At(places, row), hash: Buffer.from(hashAt(hashes, row)) });
      }
    }
    return tiles;
  }
}
