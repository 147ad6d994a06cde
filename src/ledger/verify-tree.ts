import { Completed, Frontier, HASH_BYTES, hashAt } from './merkle';
import type { Sha256Lanes } from './sha256-lanes';
import { TiledHash, tiledHashes } from './tiles';

/** A leaf for which the store tells two hashes: the one that was sealed, and that of the event that stands there now. */
export interface Conflict {
  leafIndex: number;
  /** Undefined if the ledger has no hash for this leaf. */
  sealed: Buffer | undefined;
  event: Buffer;
  /** Whether the event carries a good signature of this system, or none at all: then its hash may be the true one. */
  plausible: boolean;
  /** Which of them the signed tree shows to be wrong; undefined while no checkpoint has decided. */
  wrong?: 'event' | 'leaf-hash';
}

/** What a complete tile comes to; the second if the hashes of events were believed instead of those sealed. */
export interface ComputedTile {
  level: number;
  place: number;
  hashes: Buffer[];
}

/**
 * Grows the tree from the leaf hashes that the ledger holds and compares it with signed roots. Beside it grows, from the first
 * conflict on, the tree in which events are believed; the next signed root tells which of both is true.
 */
export class TreeCheck {
  private believing: Frontier | undefined;
  private open: Conflict[] = [];
  private tiles = new Map<string, ComputedTile>();

  constructor(
    private tree: Frontier,
    private readonly lanes: Sha256Lanes,
  ) {}

  get size(): number {
    return this.tree.size;
  }

  /**
   * Appends hashes of leaves that stand one behind the other.
   * @param conflicts those among them, in rising order
   */
  append(hashes: Buffer, conflicts: readonly Conflict[]): void {
    const first = this.size;
    let done = first;
    for (const conflict of conflicts) {
      this.addAll(hashes.subarray((done - first) * HASH_BYTES, (conflict.leafIndex - first) * HASH_BYTES));
      this.open.push(conflict);
      this.believing ??= this.tree.clone();
      const { leafIndex, sealed, event, plausible } = conflict;
      const hash = hashAt(hashes, leafIndex - first);
      // A leaf hash that is gone is computed from the event.
      this.tree.append(sealed ? hash : event, this.completed);
      this.believing.append(plausible ? event : hash, this.completed);
      done = leafIndex + 1;
    }
    this.addAll(hashes.subarray((done - first) * HASH_BYTES));
  }

  /** Whether a signed root is that of the tree; settles what was open. */
  matches(root: Buffer): boolean {
    if (this.tree.root().equals(root)) {
      this.settle((conflict) => (conflict.sealed ? 'event' : 'leaf-hash'));
      return true;
    }
    if (!this.believing?.root().equals(root)) return false;
    this.tree = this.believing;
    this.settle((conflict) => (conflict.plausible ? 'leaf-hash' : 'event'));
    return true;
  }

  /** Tiles that were completed since the last call. */
  takeTiles(): ComputedTile[] {
    const taken = [...this.tiles.values()];
    this.tiles = new Map();
    return taken;
  }

  private settle(verdict: (conflict: Conflict) => Conflict['wrong']): void {
    for (const conflict of this.open) conflict.wrong = verdict(conflict);
    this.open = [];
    this.believing = undefined;
  }

  private addAll(hashes: Buffer): void {
    const parents = (pairs: Buffer) => this.lanes.parents(pairs);
    this.tree.append(hashes, this.completed, parents);
    this.believing?.append(hashes, this.completed, parents);
  }

  private readonly completed: Completed = (first, hashes) => {
    for (const { level, place, hash } of tiledHashes(first, hashes)) {
      const key = `${level}/${place}`;
      const known = this.tiles.get(key);
      if (known) known.hashes.push(hash);
      else this.tiles.set(key, { level, place, hashes: [hash] });
    }
  };
}

/** Tiles that are not stored as computed, and those that are not stored. Pure. */
export function wrongTiles(
  computed: readonly ComputedTile[],
  stored: readonly TiledHash[],
): { level: number; place: number; gone: boolean }[] {
  const found = new Map<string, Buffer[]>();
  for (const { level, place, hash } of stored) {
    const key = `${level}/${place}`;
    found.set(key, [...(found.get(key) ?? []), hash]);
  }
  return computed.flatMap(({ level, place, hashes }) => {
    const there = found.get(`${level}/${place}`) ?? [];
    const right = there.length > 0 && there.every((hash) => hashes.some((each) => each.equals(hash)));
    return right ? [] : [{ level, place, gone: there.length === 0 }];
  });
}
