import { Frontier, HASH_BYTES } from './merkle';
import type { TileHash } from './ledger-store';
import { TILE_HEIGHT } from './tiles';

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

  constructor(private tree: Frontier) {}

  get size(): number {
    return this.tree.size;
  }

  /**
   * Appends hashes of leaves that stand one behind the other.
   * @param conflicts those among them, in rising order
   */
  append(hashes: Buffer, conflicts: readonly Conflict[]): void {
    const first = this.size;
    let next = 0;
    for (let at = 0, leaf = first; at < hashes.length; at += HASH_BYTES, leaf++) {
      const hash = hashes.subarray(at, at + HASH_BYTES);
      const conflict = conflicts[next]?.leafIndex === leaf ? conflicts[next++] : undefined;
      if (conflict) {
        this.open.push(conflict);
        this.believing ??= this.tree.clone();
      }
      // A leaf hash that is gone is computed from the event.
      this.add(this.tree, conflict && !conflict.sealed ? conflict.event : hash);
      if (this.believing) this.add(this.believing, conflict?.plausible ? conflict.event : hash);
    }
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

  private add(tree: Frontier, leaf: Buffer): void {
    tree.append(leaf, ({ level, index }, hash) => {
      if (level % TILE_HEIGHT !== 0) return;
      const tile = { level: level / TILE_HEIGHT, place: index };
      const key = `${tile.level}/${tile.place}`;
      const known = this.tiles.get(key);
      if (known) known.hashes.push(hash);
      else this.tiles.set(key, { ...tile, hashes: [hash] });
    });
  }
}

/** Tiles that are not stored as computed, and those that are not stored. Pure. */
export function wrongTiles(
  computed: readonly ComputedTile[],
  stored: readonly Omit<TileHash, 'tenant'>[],
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
