import { HASH_BYTES, hashAt, Node } from './merkle';

/** Paths and bytes of C2SP tlog-tiles: tiles of 256 hashes and bundles of 256 entries. Pure. */

export const TILE_WIDTH = 256;
/** Tile levels are eight levels of the tree apart. */
export const TILE_HEIGHT = 8;

/** A hash that a tile of level 1 or above holds: the root over a whole tile below it. */
export interface TiledHash {
  level: number;
  place: number;
  hash: Buffer;
}

/** Those of subtrees that were completed, as `Completed` tells of them, whose hashes tiles hold. */
export function tiledHashes({ level, index }: Node, hashes: Buffer): TiledHash[] {
  if (level % TILE_HEIGHT !== 0) return [];
  return Array.from({ length: hashes.length / HASH_BYTES }, (_, i) => ({
    ...{ level: level / TILE_HEIGHT, place: index + i, hash: hashAt(hashes, i) },
  }));
}

/** What a path below a log's prefix names. */
export interface TileName {
  /** `entries`, or the level of the tile. */
  level: 'entries' | number;
  index: number;
  /** Hashes or entries in it: 256 unless partial. */
  width: number;
}

/** `1234067` is `x001/x234/067`. */
export function indexPath(index: number): string {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  }
  return groups.join('/');
}

export function tilePath({ level, index, width }: TileName): string {
  return `tile/${level}/${indexPath(index)}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** Reads what stands behind `tile/`; undefined for anything that `tilePath` would not write. */
export function parseTilePath(path: string): TileName | undefined {
  const match = /^(entries|0|[1-9]\d?)\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path);
  if (!match) return undefined;
  const [, level = '', groups = '', width] = match;
  const name = {
    level: level === 'entries' ? ('entries' as const) : Number(level),
    index: Number(groups.replace(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  return name.level !== 'entries' && name.level > 63 ? undefined : `tile/${path}` === tilePath(name) ? name : undefined;
}

/** Leaves below one hash of a tile of this level. */
export const leavesPerHash = (level: number): number => TILE_WIDTH ** level;

/** How many whole hashes a tree of `size` has at a tile level. */
export const hashesAt = (level: number, size: number): number => Math.floor(size / leavesPerHash(level));

/** The tiles of a tree, each in its widest form. */
export function* tilesOf(size: number): Generator<TileName> {
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    yield* partsOf(level, hashesAt(level, size));
  }
  yield* partsOf('entries', size);
}

function* partsOf(level: TileName['level'], count: number): Generator<TileName> {
  for (let index = 0; index * TILE_WIDTH < count; index++) {
    yield { level, index, width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH) };
  }
}

/** A bundle: each entry behind its length in 16 bits, big endian. */
export function encodeBundle(entries: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const bytes = Buffer.from(entry, 'utf8');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    parts.push(length, bytes);
  }
  return Buffer.concat(parts);
}

/** @throws RangeError if it ends inside an entry. */
export function decodeBundle(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at < bundle.length;) {
    if (at + 2 > bundle.length) throw new RangeError('the bundle ends inside a length');
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) throw new RangeError('the bundle ends inside an entry');
    entries.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return entries;
}
