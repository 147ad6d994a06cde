import { rowAt, rowStarts, RowView, setLeafIndex } from '../events/row';
import type { SegmentPointer } from '../queues/segment';

/** A segment with its rows found. */
export interface Segment {
  id: string;
  pointer: SegmentPointer;
  payload: Buffer;
  /** Where the rows begin, and where the last one ends. Objects for the rows would cost more than all else that is done with them. */
  starts: Uint32Array;
}

/** A row that does not get into the log as it is, and why. */
export interface RefusedRow {
  segment: string;
  /** Position in its segment, from 0. */
  row: number;
  reasonCode: 'ID_CONFLICT' | 'REFUSED_BY_STORE';
  reason: string;
}

/** The leaves of one tenant in a batch: `count` of them, from `start` on. */
export interface LeafRange {
  tenant: string;
  start: number;
  count: number;
}

/** What a batch is made of. Fixed before its first insert; a retry follows it to the letter. */
export interface BatchPlan {
  segments: string[];
  /** Rows that get no leaf, by segment: repeats and conflicts. */
  dropped: Record<string, number[]>;
  /** Repeats by tenant; they are only counted. */
  duplicates: Record<string, number>;
  /** Dropped rows that become dead letters. */
  conflicts: RefusedRow[];
  /** No row was received long before this, ms since the epoch. */
  acceptedAt: number;
}

/** @throws RangeError if payload and pointer do not agree: then the segment must not be written. */
export function openSegment(pointer: SegmentPointer, payload: Buffer): Segment {
  const segment = { id: pointer.segment, pointer, payload, starts: rowStarts(payload) };
  const said = pointer.runs.reduce((sum, run) => sum + run.rows, 0);
  if (said !== rowCount(segment)) {
    throw new RangeError(`segment ${pointer.segment} has ${rowCount(segment)} rows, its pointer says ${said}`);
  }
  return segment;
}

export const rowCount = (segment: Pick<Segment, 'starts'>): number => segment.starts.length - 1;

/** @param row its position, from 0 */
export function viewOf({ payload, starts }: Segment, row: number): RowView {
  return rowAt(payload, starts[row] as number, starts[row + 1] as number);
}

export function tenantOf(segment: Segment, row: number): string {
  const run = runsOf(segment).find(({ first, count }) => row < first + count);
  if (!run) throw new RangeError(`segment ${segment.id} has no row ${row}`);
  return run.tenant;
}

/** Rows of one tenant that stand one behind the other in a segment: `count` of them, from the row `first` on. */
export interface Run {
  segment: Segment;
  tenant: string;
  first: number;
  count: number;
}

/** All rows of a segment. */
export function runsOf(segment: Segment): Run[] {
  let first = 0;
  return segment.pointer.runs.map(({ tenant, rows }) => {
    const run = { segment, tenant, first, count: rows };
    first += rows;
    return run;
  });
}

/** The rows that get a leaf, in the order of their leaves. */
export function keptRuns(segments: Segment[], plan: BatchPlan): Run[] {
  return segments.flatMap((segment) => {
    const dropped = new Set(plan.dropped[segment.id]);
    return dropped.size === 0
      ? runsOf(segment)
      : runsOf(segment).flatMap((run) => cutOut(run, (row) => dropped.has(row)));
  });
}

/** What is left of a run without some of its rows. */
function cutOut(run: Run, isOut: (row: number) => boolean): Run[] {
  const left: Run[] = [];
  let open: Run | undefined;
  for (let row = run.first; row < run.first + run.count; row++) {
    if (isOut(row)) open = undefined;
    else if (open) open.count++;
    else left.push((open = { ...run, first: row, count: 1 }));
  }
  return left;
}

/** How many rows of each tenant get a leaf, in the order of first appearance. */
export function countByTenant(segments: Segment[], plan: BatchPlan): { tenant: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { tenant, count } of keptRuns(segments, plan)) counts.set(tenant, (counts.get(tenant) ?? 0) + count);
  return [...counts].map(([tenant, count]) => ({ tenant, count }));
}

/** Where bytes stand in a buffer. */
export interface Slice {
  source: Buffer;
  start: number;
  /** Behind the last byte. */
  end: number;
}

/**
 * Rows of a batch with their places in the ledger: leaves rise by one, from `leaf` on. What is stored are the rows themselves, or the
 * quarantine event in the place of a single one.
 */
export interface PlacedRun extends Run, Slice {
  leaf: number;
}

/** A row in the words of `placeRows`. */
export const placeName = (segment: string, row: number): string => `${segment}/${row}`;

/**
 * Gives each row its leaf, in place in its payload.
 * @param instead by `placeName`: what is stored in the place of a row and gets its leaf
 * Deterministic, so that a retry, also by another process, makes the same bytes.
 */
export function placeRows(
  segments: Segment[],
  plan: BatchPlan,
  ranges: LeafRange[],
  instead: ReadonlyMap<string, Buffer>,
): PlacedRun[] {
  const next = new Map(ranges.map((range) => [range.tenant, range.start]));
  const kept = keptRuns(segments, plan);
  const runs = instead.size === 0 ? kept : kept.flatMap(singles);
  return runs.map((run) => {
    const { segment, tenant, first, count } = run;
    const leaf = next.get(tenant) as number;
    next.set(tenant, leaf + count);
    const other = count === 1 ? instead.get(placeName(segment.id, first)) : undefined;
    if (other) {
      setLeafIndex(other, { start: 0 }, leaf);
      return { ...run, leaf, source: other, start: 0, end: other.length };
    }
    const { payload: source, starts } = segment;
    for (let i = 0; i < count; i++) setLeafIndex(source, { start: starts[first + i] as number }, leaf + i);
    return { ...run, leaf, source, start: starts[first] as number, end: starts[first + count] as number };
  });
}

/** The rows of a run, each by itself. */
function singles(run: Run): Run[] {
  return Array.from({ length: run.count }, (_, i) => ({ ...run, first: run.first + i, count: 1 }));
}

/** Rows that have been placed, each by itself. */
export function placedSingles(runs: readonly PlacedRun[]): PlacedRun[] {
  return runs.flatMap((run) => {
    if (run.count === 1) return [run];
    const { starts } = run.segment;
    return singles(run).map((single, i) => ({
      ...{ ...run, ...single, leaf: run.leaf + i },
      ...{ start: starts[single.first] as number, end: starts[single.first + 1] as number },
    }));
  });
}

export const countRows = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + run.count, 0);

/** The fewest buffers that hold what was placed, in its order: neighbours in one payload stay one slice, nothing is copied. */
export function slices(placed: readonly Slice[]): Buffer[] {
  const joined: Slice[] = [];
  let last: Slice | undefined;
  for (const { source, start, end } of placed) {
    if (last?.source === source && last.end === start) last.end = end;
    else joined.push((last = { source, start, end }));
  }
  return joined.map(({ source, start, end }) => source.subarray(start, end));
}
