import { hash } from 'node:crypto';

/** Merkle trees as RFC 6962 and RFC 9162 (section 2.1) define them, over SHA-256. Sizes and indices go up to 2^53 - 1. */

export const HASH_BYTES = 32;

/** By way of text of one byte a character, which Node makes in half the time that a Buffer from native code takes. */
const sha256 = (data: Uint8Array): Buffer => Buffer.from(hash('sha256', data, 'binary'), 'latin1');

/** Root of the tree without leaves. */
export const EMPTY_ROOT = sha256(Buffer.alloc(0));

const LEAF_PREFIX = Buffer.from([0]);
const pair = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

export const leafHash = (entry: Uint8Array): Buffer => sha256(Buffer.concat([LEAF_PREFIX, entry]));

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}

/** The hash at a place among hashes that stand one behind the other. */
export const hashAt = (hashes: Buffer, i: number): Buffer => hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);

/** The nodes over pairs of hashes that stand one behind the other. */
const nodesOver = (pairs: Buffer): Buffer =>
  Buffer.concat(
    Array.from({ length: pairs.length / (2 * HASH_BYTES) }, (_, i) =>
      nodeHash(hashAt(pairs, 2 * i), hashAt(pairs, 2 * i + 1)),
    ),
  );

/** A complete subtree: it covers the 2^level leaves from index * 2^level on. */
export interface Node {
  level: number;
  index: number;
}

/** Leaves from `start` to before `end`. */
export type LeafSpan = [start: number, end: number];

/** The complete subtrees that a span of a proof or tree is made of, left to right. */
export function spanNodes([start, end]: LeafSpan): Node[] {
  const nodes: Node[] = [];
  for (let at = start; at < end;) {
    let level = 0;
    let width = 1;
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      width *= 2;
      level++;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** The hash over subtrees that stand side by side, as `spanNodes` lists them. */
export function foldNodes(hashes: readonly Buffer[]): Buffer {
  const last = hashes.at(-1);
  if (!last) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** The root over `hashes`, which stand one behind the other. */
export function rootOf(hashes: Buffer): Buffer {
  const tree = new Frontier();
  tree.append(hashes);
  return tree.root();
}

/** Where a tree of `size` leaves is split: the largest power of two below it. */
function split(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

/** What the inclusion proof of a leaf consists of, in its order: one hash over each span. */
export function inclusionSpans(index: number, size: number): LeafSpan[] {
  if (index >= size) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const spans: LeafSpan[] = [];
  let [lo, hi] = [0, size];
  while (hi - lo > 1) {
    const middle = lo + split(hi - lo);
    if (index < middle) {
      spans.push([middle, hi]);
      hi = middle;
    } else {
      spans.push([lo, middle]);
      lo = middle;
    }
  }
  return spans.reverse();
}

/** What the consistency proof between two sizes consists of, in its order. 0 < from <= to. */
export function consistencySpans(from: number, to: number): LeafSpan[] {
  if (from < 1 || from > to) throw new RangeError(`there is no consistency proof from ${from} to ${to}`);
  const spans: LeafSpan[] = [];
  let [lo, hi] = [0, to];
  let whole = true;
  while (from !== hi) {
    const middle = lo + split(hi - lo);
    if (from <= middle) {
      spans.push([middle, hi]);
      hi = middle;
    } else {
      spans.push([lo, middle]);
      lo = middle;
      whole = false;
    }
  }
  if (!whole) spans.push([lo, hi]);
  return spans.reverse();
}

/** Whether `proof` shows that the leaf stands at `index` in the tree with this root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(
  leaf: Buffer,
  index: number,
  size: number,
  proof: readonly Buffer[],
  root: Buffer,
): boolean {
  if (index >= size || index < 0) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (sn === 0 || sibling.length !== HASH_BYTES) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && hash.equals(root);
}

/** Whether `proof` shows that the tree of size `to` continues that of size `from` (RFC 9162, 2.1.4.2). Never from 0. */
export function verifyConsistency(
  from: number,
  to: number,
  fromRoot: Buffer,
  toRoot: Buffer,
  proof: readonly Buffer[],
): boolean {
  if (from < 1 || from > to) return false;
  if (from === to) return proof.length === 0 && fromRoot.equals(toRoot);
  const path = Number.isInteger(Math.log2(from)) ? [fromRoot, ...proof] : proof;
  const [first, ...rest] = path;
  if (!first || proof.length === 0 || proof.some((hash) => hash.length !== HASH_BYTES)) return false;
  let [fn, sn] = [from - 1, to - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [first, first];
  for (const hash of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [fr, sr] = [nodeHash(hash, fr), nodeHash(hash, sr)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = nodeHash(sr, hash);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && fr.equals(fromRoot) && sr.equals(toRoot);
}

const half = (n: number): number => Math.floor(n / 2);

/** Is told of subtrees that were completed: the first, and the hashes of it and of those to its right, 32 bytes each. */
export type Completed = (first: Node, hashes: Buffer) => void;

const NONE = Buffer.alloc(0);

/** The right edge of a growing tree: the roots of its largest complete subtrees, which is all that appending needs. */
export class Frontier {
  /** @param nodes hashes of `spanNodes([0, size])` */
  constructor(
    private count = 0,
    private nodes: Buffer[] = [],
  ) {
    if (nodes.length !== spanNodes([0, count]).length) throw new RangeError(`a tree of ${count} has another edge`);
  }

  get size(): number {
    return this.count;
  }

  /**
   * Appends hashes of leaves that stand one behind the other, level by level.
   * @param completed told of every subtree of two or more leaves that this completes
   * @param parents gives the nodes over pairs of hashes, as many at a time as there are
   */
  append(hashes: Buffer, completed?: Completed, parents: (pairs: Buffer) => Buffer = nodesOver): void {
    const edge = [...this.nodes];
    const right: Buffer[] = [];
    let row = hashes;
    let index = this.count;
    for (let level = 1; row.length > 0; level++) {
      if (index % 2 === 1) {
        const left = edge.pop();
        if (!left) throw new Error('the edge of the tree is broken');
        row = Buffer.concat([left, row]);
      }
      const paired = row.length - (row.length % (2 * HASH_BYTES));
      if (paired < row.length) right.unshift(Buffer.from(row.subarray(paired)));
      row = paired === 0 ? NONE : parents(row.subarray(0, paired));
      index = half(index);
      if (row.length > 0) completed?.({ level, index }, row);
    }
    this.nodes = [...edge, ...right];
    this.count += hashes.length / HASH_BYTES;
  }

  root(): Buffer {
    return foldNodes(this.nodes);
  }

  clone(): Frontier {
    return new Frontier(this.count, [...this.nodes]);
  }
}
