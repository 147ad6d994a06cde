import { Frontier, HASH_BYTES, hashAt } from './merkle';
import type { IndexedHashes, LeafRun, TileHash } from './ledger-store';
import type { Sha256Lanes } from './sha256-lanes';
import { tiledHashes } from './tiles';

/** Why a ledger is not sealed any further. A person has to look. */
export class LedgerAlarm extends Error {}

/** What appending a run of leaves adds to the ledger. */
export interface Growth {
  tree: Frontier;
  leaves: LeafRun;
  tiles: TileHash[];
}

/** A run of leaves, and the index at which it ended since two different hashes claim it. */
export interface FoundRun {
  run: LeafRun;
  contested: number | undefined;
}

/** The run of leaves that continues a tree of `size`: up to the first gap, or the first index with two different hashes. */
export function contiguousRun(tenant: string, size: number, found: IndexedHashes): FoundRun {
  if (isWhole(size, found.indices)) return { run: { tenant, first: size, hashes: found.hashes }, contested: undefined };
  const hashes: Buffer[] = [];
  let contested: number | undefined;
  for (const [i, index] of found.indices.entries()) {
    const hash = hashAt(found.hashes, i);
    const next = size + hashes.length;
    if (index === next) hashes.push(hash);
    else if (index > next) break;
    else if (hashes.at(-1)?.equals(hash) === false) {
      contested = index;
      hashes.pop();
      break;
    }
  }
  return { run: { tenant, first: size, hashes: Buffer.concat(hashes) }, contested };
}

/** Whether the indices go on from `size` without a gap or a repetition, as they nearly always do. */
function isWhole(size: number, indices: Float64Array): boolean {
  for (let i = 0; i < indices.length; i++) if (indices[i] !== size + i) return false;
  return true;
}

/** Appends a run to a tree (which stays as it is). */
export function grow(before: Frontier, leaves: LeafRun, lanes: Sha256Lanes): Growth {
  const tree = before.clone();
  const tiles: TileHash[] = [];
  tree.append(
    leaves.hashes,
    (first, hashes) => {
      for (const tile of tiledHashes(first, hashes)) tiles.push({ tenant: leaves.tenant, ...tile });
    },
    (pairs) => lanes.parents(pairs),
  );
  return { tree, leaves, tiles };
}

/** The first leaf of the run that was sealed with another hash before. */
export function contradiction(run: LeafRun, sealed: IndexedHashes): number | undefined {
  const end = run.first + run.hashes.length / HASH_BYTES;
  return sealed.indices.find((index: number, i: number) => {
    if (index < run.first || index >= end) return false;
    return !hashAt(run.hashes, index - run.first).equals(hashAt(sealed.hashes, i));
  });
}
