import type { Fault } from './verify-report';
import type { Conflict } from './verify-tree';

/** A conflict with what is known of the row that stands there. */
export interface NamedConflict extends Conflict {
  eventId: string | null;
  /** Columns that differ from the envelope. */
  columns: string[];
  signatureFault: string | undefined;
}

/** A row too many: its leaf has one already, or lies behind the end of the ledger. */
export interface Surplus {
  leafIndex: number;
  eventId: string | null;
  hash: Buffer;
  why: string;
}

export interface Evidence {
  conflicts: readonly NamedConflict[];
  surplus: readonly Surplus[];
  /** Leaves without event, and no manifest explains it. */
  missing: ReadonlySet<number>;
  /** Where the ledger holds the hashes of the rows above: hex → leaf indices. */
  places: ReadonlyMap<string, readonly number[]>;
}

/** Tells what was done to the stored events from where they stand now and where they were sealed. Pure. */
export function nameFaults({ conflicts, surplus, missing, places }: Evidence): Fault[] {
  const faults: Fault[] = [];
  const gone = new Set(missing);
  const contested = new Set(conflicts.map((conflict) => conflict.leafIndex));
  const homes = new Set<number>();
  const homeOf = (hash: Buffer, here: number) =>
    places.get(hash.toString('hex'))?.find((leaf) => leaf !== here && (missing.has(leaf) || contested.has(leaf)));
  const moved = (leafIndex: number, eventId: string | null, home: number) => {
    homes.add(home);
    gone.delete(home);
    faults.push({ kind: 'reordered', leafIndex, eventId, detail: `it was sealed as leaf ${home}` });
  };
  const displaced: number[] = [];
  for (const conflict of conflicts) {
    const { leafIndex, eventId, event } = conflict;
    const home = homeOf(event, leafIndex);
    if (home !== undefined && conflict.wrong !== 'leaf-hash') {
      moved(leafIndex, eventId, home);
      displaced.push(leafIndex);
    } else
      faults.push(
        judge(
          conflict,
          places.get(event.toString('hex'))?.find((leaf) => leaf !== leafIndex),
        ),
      );
  }
  for (const { leafIndex, eventId, hash, why } of surplus) {
    const home = homeOf(hash, leafIndex);
    if (home !== undefined) moved(leafIndex, eventId, home);
    else faults.push({ kind: 'inserted', leafIndex, eventId, detail: why });
  }
  // Where another event was put, the one that belongs there has to be somewhere.
  for (const leaf of displaced) if (!homes.has(leaf)) gone.add(leaf);
  for (const leafIndex of gone) {
    faults.push({
      kind: 'missing',
      leafIndex,
      eventId: null,
      detail: 'the event is gone; no retention manifest names it',
    });
  }
  return faults;
}

function judge(conflict: NamedConflict, copyOf: number | undefined): Fault {
  const { leafIndex, eventId, sealed, wrong, plausible, columns, signatureFault } = conflict;
  const at = { leafIndex, eventId };
  if (!sealed) return { kind: 'wrong-leaf-hash', ...at, detail: 'the ledger holds no hash for it any more' };
  if (copyOf !== undefined) {
    return { kind: 'altered', ...at, detail: `a copy of leaf ${copyOf} stands in its place` };
  }
  if (wrong === 'leaf-hash' || (wrong === undefined && plausible)) {
    const proof = wrong ? 'the signed tree shows that the event is right' : 'the signature of the event is good';
    return { kind: 'wrong-leaf-hash', ...at, detail: `the ledger holds another hash for it; ${proof}` };
  }
  const signature = signatureFault === undefined ? '' : `; its signature is wrong: ${signatureFault}`;
  return {
    kind: 'altered',
    ...at,
    detail: `its bytes are not those that were sealed${signature}`,
    ...(columns.length > 0 && { columns }),
  };
}
