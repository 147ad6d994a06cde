import { Readable } from 'node:stream';
import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readColumns, uint64At } from '../clickhouse/native-columns';
import { readRows, UNLOGGED } from '../clickhouse/read-rows';
import { AppError } from '../common/app-error';
import { foldNodes, HASH_BYTES, hashAt, LeafSpan, Node, rootOf, spanNodes } from './merkle';
import { TILE_HEIGHT, TiledHash } from './tiles';

/** Hashes of leaves that stand one behind the other. */
export interface LeafRun {
  tenant: string;
  first: number;
  /** 32 bytes each. */
  hashes: Buffer;
}

/** A hash of a tile of a tenant's ledger. */
export interface TileHash extends TiledHash {
  tenant: string;
}

export interface StoredCheckpoint {
  tenant: string;
  size: number;
  note: string;
  /** ms since the epoch. */
  signedAt: number;
}

export interface NewCheckpoint extends StoredCheckpoint {
  root: Buffer;
  keyNumber: number;
}

/** What a verification found; times in ms since the epoch. */
export interface Verification {
  id: string;
  kind: 'incremental' | 'full';
  /** Size of the tree that was verified. */
  size: number;
  /** Events whose bytes were hashed again. */
  events: number;
  faults: number;
  startedAt: number;
  finishedAt: number;
}

export interface SealedEvent {
  leafIndex: number;
  envelope: string;
  checksum: string;
  keyId: number;
  signature: string;
}

/** Leaf indices with their hashes, in rising order; an index may be there twice, or not at all. */
export interface IndexedHashes {
  indices: Float64Array;
  /** 32 bytes each. */
  hashes: Buffer;
}

/** A range of hashes of one tile level. */
interface HashRange {
  level: number;
  start: number;
  end: number;
}

const INSERT = { async_insert: 0, log_queries: 0 } as const;

/** The ledger in ClickHouse. */
@Injectable()
export class LedgerStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** Leaf hashes noted while events landed, with `first <= leaf index < end`; some may be missing, or be there twice. */
  landedLeaves(tenant: string, first: number, end: number): Promise<IndexedHashes> {
    return this.indexed(
      `SELECT leaf_index, leaf_hash FROM landed_leaves
       WHERE tenant = {tenant:String} AND leaf_index >= {first:UInt64} AND leaf_index < {end:UInt64}
       ORDER BY leaf_index`,
      { tenant, first, end },
    );
  }

  /** Leaf hashes computed now from the stored envelopes with `first <= leaf index < end`. */
  hashedLeaves(tenant: string, first: number, end: number): Promise<IndexedHashes> {
    return this.indexed(
      `SELECT leaf_index, SHA256(concat(char(0), envelope)) FROM events
       WHERE tenant = {tenant:String} AND leaf_index >= {first:UInt64} AND leaf_index < {end:UInt64}
       ORDER BY leaf_index`,
      { tenant, first, end },
    );
  }

  /** What `ledger_leaves` holds with `first <= leaf index < end`. */
  sealedLeaves(tenant: string, first: number, end: number): Promise<IndexedHashes> {
    return this.indexed(
      `SELECT leaf_index, leaf_hash FROM ledger_leaves
       WHERE tenant = {tenant:String} AND leaf_index >= {first:UInt64} AND leaf_index < {end:UInt64}
       ORDER BY leaf_index, leaf_hash
       LIMIT 1 BY leaf_index, leaf_hash`,
      { tenant, first, end },
    );
  }

  /** The index behind the last leaf in `ledger_leaves`. */
  async leavesEnd(tenant: string): Promise<number> {
    const [row] = await this.rows<{ end: number }>(
      `SELECT if(count() = 0, 0, max(leaf_index) + 1) AS end FROM ledger_leaves WHERE tenant = {tenant:String}`,
      { tenant },
    );
    return row?.end ?? 0;
  }

  /** Tenants with events in batches from `batch` on, with the leaf index behind their last; and the highest batch. */
  async tenantsSince(batch: number): Promise<{ tenant: string; end: number; lastBatch: number }[]> {
    return this.rows(
      `SELECT tenant, max(leaf_index) + 1 AS end, max(events.batch) AS lastBatch FROM events
       WHERE events.batch >= {batch:UInt64} GROUP BY tenant`,
      { batch },
    );
  }

  /** The newest checkpoint of each tenant, or of the one named. */
  async newestCheckpoints(tenant?: string): Promise<StoredCheckpoint[]> {
    return this.rows(
      `SELECT tenant, size, note, toUnixTimestamp64Milli(checkpoints.signed_at) AS signedAt FROM checkpoints
       WHERE {all:Bool} OR tenant = {tenant:String}
       ORDER BY tenant, size DESC, signed_at DESC LIMIT 1 BY tenant`,
      { all: tenant === undefined, tenant: tenant ?? '' },
    );
  }

  /** Checkpoints of sizes from `from` on, by size and time. */
  async checkpoints(tenant: string, from: number, limit: number, after = 0): Promise<StoredCheckpoint[]> {
    return this.rows(
      `SELECT tenant, size, note, toUnixTimestamp64Milli(checkpoints.signed_at) AS signedAt FROM checkpoints
       WHERE tenant = {tenant:String} AND size >= {from:UInt64}
         AND (size > {from:UInt64} OR signed_at > fromUnixTimestamp64Milli({after:Int64}))
       ORDER BY size, signed_at LIMIT {limit:UInt32}`,
      { tenant, from, limit, after },
    );
  }

  async lastVerification(tenant: string): Promise<Verification | undefined> {
    const [row] = await this.rows<Verification>(
      `SELECT toString(id) AS id, toString(kind) AS kind, size, events, faults,
              toUnixTimestamp64Milli(started_at) AS startedAt, toUnixTimestamp64Milli(finished_at) AS finishedAt
       FROM verifications WHERE tenant = {tenant:String} ORDER BY started_at DESC LIMIT 1`,
      { tenant },
    );
    return row;
  }

  /** Envelopes of a span of leaves, in order; fewer than the span if some have expired. */
  async entries(tenant: string, [start, end]: LeafSpan): Promise<string[]> {
    const rows = await this.rows<{ envelope: string }>(
      `SELECT envelope FROM events
       WHERE tenant = {tenant:String} AND leaf_index >= {start:UInt64} AND leaf_index < {end:UInt64}
       ORDER BY leaf_index LIMIT 1 BY leaf_index`,
      { tenant, start, end },
    );
    return rows.map((row) => row.envelope);
  }

  /** One event as it is stored; hashes and signature in hex. */
  async event(tenant: string, id: string): Promise<SealedEvent | undefined> {
    const [row] = await this.rows<SealedEvent>(
      `SELECT leaf_index AS leafIndex, envelope, lower(hex(checksum)) AS checksum, key_id AS keyId,
              lower(hex(signature)) AS signature
       FROM events WHERE tenant = {tenant:String} AND toUInt128(id) = toUInt128({id:UUID})
       ORDER BY leaf_index LIMIT 1`,
      { tenant, id },
    );
    return row;
  }

  /** Hashes of a tile level in places `start` to before `end`. @throws AppError `LEDGER_DAMAGED` if one is missing. */
  async tileHashes(tenant: string, level: number, start: number, end: number): Promise<Buffer> {
    const [hashes] = await this.ranges(tenant, [{ level, start, end }]);
    return hashes as Buffer;
  }

  /** One hash over each span of leaves; proofs are made of them. @throws AppError `LEDGER_DAMAGED` */
  async spanHashes(tenant: string, spans: readonly LeafSpan[]): Promise<Buffer[]> {
    const nodes = spans.map(spanNodes);
    const hashes = await this.nodeHashes(tenant, nodes.flat());
    let at = 0;
    return nodes.map((group) => foldNodes(hashes.slice(at, (at += group.length))));
  }

  /** Hashes of complete subtrees. @throws AppError `LEDGER_DAMAGED` */
  async nodeHashes(tenant: string, nodes: readonly Node[]): Promise<Buffer[]> {
    const ranges = nodes.map(({ level, index }) => {
      const width = 2 ** (level % TILE_HEIGHT);
      return { level: Math.floor(level / TILE_HEIGHT), start: index * width, end: (index + 1) * width };
    });
    return (await this.ranges(tenant, ranges)).map(rootOf);
  }

  async saveLeaves(runs: readonly LeafRun[]): Promise<void> {
    const rows = runs.map(({ tenant, first, hashes }) => {
      const name = binaryString(tenant);
      const width = name.length + 8 + HASH_BYTES;
      const out = Buffer.allocUnsafe((hashes.length / HASH_BYTES) * width);
      // Bytes one by one: for so few, a call that copies costs more.
      for (let row = 0, i = 0; row < out.length; row += width, i++) {
        for (let j = 0; j < name.length; j++) out[row + j] = name[j] as number;
        const at = row + name.length;
        out.writeUInt32LE((first + i) >>> 0, at);
        out.writeUInt32LE(Math.floor((first + i) / 0x1_0000_0000), at + 4);
        for (let j = 0; j < HASH_BYTES; j++) out[at + 8 + j] = hashes[i * HASH_BYTES + j] as number;
      }
      return out;
    });
    await this.insert('INSERT INTO ledger_leaves (tenant, leaf_index, leaf_hash)', rows);
  }

  async saveTiles(tiles: readonly TileHash[]): Promise<void> {
    const rows = tiles.map(({ tenant, level, place, hash }) => {
      const at = Buffer.allocUnsafe(9);
      at.writeUInt8(level);
      at.writeBigUInt64LE(BigInt(place), 1);
      return Buffer.concat([binaryString(tenant), at, hash]);
    });
    await this.insert('INSERT INTO ledger_tiles (tenant, level, place, hash)', rows);
  }

  async saveCheckpoints(checkpoints: readonly NewCheckpoint[]): Promise<void> {
    const rows = checkpoints.map(({ tenant, size, root, note, keyNumber, signedAt }) => {
      const numbers = Buffer.allocUnsafe(12);
      numbers.writeUInt32LE(keyNumber);
      numbers.writeBigInt64LE(BigInt(signedAt), 4);
      const count = Buffer.allocUnsafe(8);
      count.writeBigUInt64LE(BigInt(size));
      return Buffer.concat([binaryString(tenant), count, root, binaryString(note), numbers]);
    });
    await this.insert('INSERT INTO checkpoints (tenant, size, root, note, key_number, signed_at)', rows);
  }

  private async insert(into: string, rows: Buffer[]): Promise<void> {
    if (rows.length === 0) return;
    const { stream } = await this.clickhouse.exec({
      query: `${into} FORMAT RowBinary\n`,
      values: Readable.from([Buffer.concat(rows)], { objectMode: false }),
      clickhouse_settings: INSERT,
    });
    for await (const chunk of stream) void chunk;
  }

  /** Reads ranges of hashes of any levels with one query. */
  private async ranges(tenant: string, ranges: readonly HashRange[]): Promise<Buffer[]> {
    const found = new Map<string, Buffer>();
    const wanted = ranges.filter((range) => range.end > range.start);
    for (const [table, ofTable] of [
      [LEAVES, wanted.filter((range) => range.level === 0)],
      [TILES, wanted.filter((range) => range.level > 0)],
    ] as const) {
      if (ofTable.length === 0) continue;
      const params: Record<string, unknown> = { tenant };
      const conditions = ofTable.map(({ level, start, end }, i) => {
        Object.assign(params, { [`l${i}`]: level, [`s${i}`]: start, [`e${i}`]: end });
        return `(${table.level} = {l${i}:UInt8} AND ${table.place} >= {s${i}:UInt64} AND ${table.place} < {e${i}:UInt64})`;
      });
      const blocks = readColumns(
        this.clickhouse,
        `SELECT toUInt8(${table.level}), ${table.place}, ${table.hash} FROM ${table.name}
         WHERE tenant = {tenant:String} AND (${conditions.join(' OR ')})`,
        params,
        [1, 8, HASH_BYTES],
      );
      for await (const [levels, places, hashes] of blocks) {
        for (const [row, level] of levels.entries()) {
          const place = `${level}/${uint64At(places, row)}`;
          const hash = Buffer.from(hashAt(hashes, row));
          if (found.get(place)?.equals(hash) === false) throw damaged(tenant, `two hashes at ${place}`);
          found.set(place, hash);
        }
      }
    }
    return ranges.map(({ level, start, end }) => {
      const hashes: Buffer[] = [];
      for (let i = start; i < end; i++) {
        const hash = found.get(`${level}/${i}`);
        if (!hash) throw damaged(tenant, `no hash at ${level}/${i}`);
        hashes.push(hash);
      }
      return Buffer.concat(hashes);
    });
  }

  private async indexed(query: string, params: Record<string, unknown>): Promise<IndexedHashes> {
    const hashes: Buffer[] = [];
    const leaves: Buffer[] = [];
    for await (const [index, hash] of readColumns(this.clickhouse, query, params, [8, HASH_BYTES])) {
      leaves.push(Buffer.from(index));
      hashes.push(Buffer.from(hash));
    }
    const all = Buffer.concat(leaves);
    const indices = Float64Array.from({ length: all.length / 8 }, (_, row) => uint64At(all, row));
    return { indices, hashes: Buffer.concat(hashes) };
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows(this.clickhouse, query, params, UNLOGGED);
  }
}

const LEAVES = { name: 'ledger_leaves', level: '0', place: 'leaf_index', hash: 'leaf_hash' } as const;
const TILES = { name: 'ledger_tiles', level: 'level', place: 'place', hash: 'hash' } as const;

/** A string in RowBinary; ours are shorter than 16 KiB. */
function binaryString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  return Buffer.concat([Buffer.from(length), bytes]);
}

const damaged = (tenant: string, what: string) =>
  new AppError('LEDGER_DAMAGED', 500, `the ledger of ${tenant} is damaged: ${what}; run mcp-audit verify`);
