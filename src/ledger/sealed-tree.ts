import { Frontier, HASH_BYTES } from './merkle';
import type { IndexedHashes, LeafRun, TileHash } from './ledger-store';
import { TILE_HEIGHT } from './tiles';

/** Why a ledger is not sealed any further. A person has to look. */
export class LedgerAlarm extends Error {}

/** What appending a run of leaves adds to the ledger. */
export interface Growth {
  tree: Frontier;
  leaves: LeafRun;
  tiles: TileHash[];
}

/**
 * The run of leaves that continues a tree of `size`: up to the first gap.
 * @throws LedgerAlarm if two different events claim one index
 */
export function contiguousRun(tenant: string, size: number, found: IndexedHashes): LeafRun {
  const hashes: Buffer[] = [];
  found.indices.forEach((index, i) => {
    const hash = found.hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
    const next = size + hashes.length;
    if (index === next) hashes.push(hash);
    else if (index === next - 1 && hashes.at(-1)?.equals(hash) === false) {
      throw new LedgerAlarm(`two different events are stored as leaf ${index}`);
    }
  });
  return { tenant, first: size, hashes: Buffer.concat(hashes) };
}

/** Appends a run to a tree (which stays as it is). */
export function grow(before: Frontier, leaves: LeafRun): Growth {
  const tree = before.clone();
  const tiles: TileHash[] = [];
  for (let at = 0; at < leaves.hashes.length; at += HASH_BYTES) {
    tree.append(leaves.hashes.subarray(at, at + HASH_BYTES), ({ level, index }, hash) => {
      if (level % TILE_HEIGHT === 0)
        tiles.push({ tenant: leaves.tenant, level: level / TILE_HEIGHT, place: index, hash });
    });
  }
  return { tree, leaves, tiles };
}

/** The first leaf of the run that was sealed with another hash before. */
export function contradiction(run: LeafRun, sealed: IndexedHashes): number | undefined {
  const end = run.first + run.hashes.length / HASH_BYTES;
  return sealed.indices.find((index, i) => {
    if (index < run.first || index >= end) return false;
    const at = (index - run.first) * HASH_BYTES;
    const hash = sealed.hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
    return !run.hashes.subarray(at, at + HASH_BYTES).equals(hash);
  });
}
