import { HASH_BYTES } from './merkle';

/** Cuts a stream of bytes into records of one width. @throws RangeError if it ends inside one */
export async function eachRecord(
  stream: AsyncIterable<Buffer>,
  width: number,
  take: (bytes: Buffer, at: number) => void,
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + width <= bytes.length; at += width) take(bytes, at);
    rest = bytes.subarray(at);
  }
  if (rest.length > 0) throw new RangeError('the answer ends inside a record');
}

/** A leaf index as ClickHouse gives it; ledgers stay far below 2^53. */
export const readLeaf = (bytes: Buffer, at: number): number =>
  bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 0x1_0000_0000;

/** A row beside another one with the same leaf index. */
export interface ExtraRow {
  leafIndex: number;
  hash: Buffer;
}

/** Hashes by leaf index over a range of leaves, some of which may be absent. */
export class HashTable {
  readonly hashes: Buffer;
  private readonly present: Uint8Array;
  private rows = 0;
  /** Further hashes for leaves that have one already. */
  readonly extra: ExtraRow[] = [];

  constructor(
    readonly first: number,
    readonly end: number,
  ) {
    this.hashes = Buffer.alloc((end - first) * HASH_BYTES);
    this.present = new Uint8Array(end - first);
  }

  /** Rows put in, the extra ones too. */
  get count(): number {
    return this.rows;
  }

  /** Whether each leaf of the range has exactly one row. */
  get isWhole(): boolean {
    return this.extra.length === 0 && this.rows === this.end - this.first;
  }

  put(leafIndex: number, bytes: Buffer, at: number): void {
    this.rows++;
    const i = leafIndex - this.first;
    if (this.present[i] === 1) {
      this.extra.push({ leafIndex, hash: Buffer.from(bytes.subarray(at, at + HASH_BYTES)) });
      return;
    }
    this.present[i] = 1;
    bytes.copy(this.hashes, i * HASH_BYTES, at, at + HASH_BYTES);
  }

  has(leafIndex: number): boolean {
    return this.present[leafIndex - this.first] === 1;
  }

  get(leafIndex: number): Buffer | undefined {
    return this.has(leafIndex) ? this.at(leafIndex) : undefined;
  }

  /** Makes `extra[at]` the hash of its leaf, and the one that was an extra one. */
  prefer(at: number): void {
    const row = this.extra[at];
    if (!row) throw new RangeError(`there is no extra row ${at}`);
    const place = this.at(row.leafIndex);
    const before = Buffer.from(place);
    row.hash.copy(place);
    row.hash = before;
  }

  private at(leafIndex: number): Buffer {
    const start = (leafIndex - this.first) * HASH_BYTES;
    return this.hashes.subarray(start, start + HASH_BYTES);
  }
}

/** What the stored rows of a range of leaves come to when their bytes are hashed again. */
export interface JudgedRows extends HashTable {
  /** By `rowKey`: bits of the columns that differ, as `COMPARED` lists them. */
  readonly differing: Map<string, number>;
}

export class JudgedTable extends HashTable implements JudgedRows {
  readonly differing = new Map<string, number>();
}

/** Names a row among others that may claim the same leaf. */
export const rowKey = (leafIndex: number, hash: Buffer): string => `${leafIndex}:${hash.toString('latin1')}`;
