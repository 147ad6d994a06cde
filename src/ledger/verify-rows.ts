import { uint64At, wordsOf } from '../clickhouse/native-columns';
import { HASH_BYTES, hashAt } from './merkle';

const HASH_WORDS = HASH_BYTES / 4;

/** A row beside another one with the same leaf index. */
export interface ExtraRow {
  leafIndex: number;
  hash: Buffer;
}

/** Hashes by leaf index over a range of leaves, some of which may be absent. */
export class HashTable {
  readonly hashes: Buffer;
  /** The same memory, of which eight words are copied sooner than one slice of 32 bytes is made. */
  private readonly words: Uint32Array;
  private readonly present: Uint8Array;
  private rows = 0;
  /** Further hashes for leaves that have one already. */
  readonly extra: ExtraRow[] = [];

  constructor(
    readonly first: number,
    readonly end: number,
  ) {
    this.hashes = Buffer.from(new ArrayBuffer((end - first) * HASH_BYTES));
    this.words = wordsOf(this.hashes);
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

  /**
   * @param leaves a column of leaf indices
   * @param hashes a column of the hashes of these leaves
   */
  putAll(leaves: Buffer, hashes: Buffer): void {
    const words = wordsOf(hashes);
    for (let row = 0; row * HASH_BYTES < hashes.length; row++) {
      const leafIndex = uint64At(leaves, row);
      const i = leafIndex - this.first;
      if (this.present[i] === 1) {
        this.repeat(leafIndex, Buffer.from(hashAt(hashes, row)));
        continue;
      }
      this.rows++;
      this.present[i] = 1;
      for (let w = 0; w < HASH_WORDS; w++) this.words[i * HASH_WORDS + w] = words[row * HASH_WORDS + w] as number;
    }
  }

  /** A further row of a leaf. */
  protected repeat(leafIndex: number, hash: Buffer): void {
    this.rows++;
    this.extra.push({ leafIndex, hash });
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
    return hashAt(this.hashes, leafIndex - this.first);
  }
}

/** What the stored rows of a range of leaves come to when their bytes are hashed again. */
export interface JudgedRows extends HashTable {
  /** By `rowKey`: bits of the columns that differ, as `COMPARED` lists them. */
  readonly differing: Map<string, number>;
}

export class JudgedTable extends HashTable implements JudgedRows {
  readonly differing = new Map<string, number>();

  /** @param differences a column of the bits of the columns that differ, 4 bytes each */
  addDifferences(leaves: Buffer, hashes: Buffer, differences: Buffer): void {
    const bits = wordsOf(differences);
    for (let row = bits.findIndex(Boolean); row >= 0 && row < bits.length; row++) {
      if (bits[row] === 0) continue;
      this.differing.set(rowKey(uint64At(leaves, row), hashAt(hashes, row)), bits[row] as number);
    }
  }
}

/** The leaf hashes that the ledger holds. The same hash twice is a row that was written again. */
export class SealedTable extends HashTable {
  protected override repeat(leafIndex: number, hash: Buffer): void {
    if (this.get(leafIndex)?.equals(hash) !== true) super.repeat(leafIndex, hash);
  }
}

/** Names a row among others that may claim the same leaf. */
export const rowKey = (leafIndex: number, hash: Buffer): string => `${leafIndex}:${hash.toString('latin1')}`;
