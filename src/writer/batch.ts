import { findRows, RowView, setLeafIndex } from '../events/row';
import type { SegmentPointer } from '../queues/segment';

/** A segment with its rows found. */
export interface Segment {
  id: string;
  pointer: SegmentPointer;
  payload: Buffer;
  rows: RowView[];
  /** Tenant of each row. */
  tenants: string[];
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
  const rows = findRows(payload);
  const tenants = pointer.runs.flatMap((run) => new Array<string>(run.rows).fill(run.tenant));
  if (tenants.length !== rows.length) {
    throw new RangeError(`segment ${pointer.segment} has ${rows.length} rows, its pointer says ${tenants.length}`);
  }
  return { id: pointer.segment, pointer, payload, rows, tenants };
}

/** Rows of each tenant that get a leaf, in the order of first appearance. */
export function countByTenant(segments: Segment[], plan: BatchPlan): { tenant: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { segment, row } of keptRows(segments, plan)) {
    const tenant = segment.tenants[row] as string;
    counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  }
  return [...counts].map(([tenant, count]) => ({ tenant, count }));
}

export interface KeptRow {
  segment: Segment;
  row: number;
}

/** The rows that get a leaf, in the order of their leaves. */
export function* keptRows(segments: Segment[], plan: BatchPlan): Generator<KeptRow> {
  for (const segment of segments) {
    const dropped = new Set(plan.dropped[segment.id]);
    for (let row = 0; row < segment.rows.length; row++) if (!dropped.has(row)) yield { segment, row };
  }
}

/** Where bytes stand in a buffer. Views of a whole batch's rows would cost more than all else that is done with them. */
export interface Slice {
  source: Buffer;
  start: number;
  /** Behind the last byte. */
  end: number;
}

/** A row of a batch with its place in the ledger. What is stored is the row itself, or the quarantine event in its place. */
export interface PlacedRow extends KeptRow, Slice {
  tenant: string;
  leafIndex: number;
}

/**
 * Gives each row its leaf, in place in its payload. `substitute` may give another row to be stored there instead, which gets it too.
 * Deterministic, so that a retry, also by another process, makes the same bytes.
 */
export function placeRows(
  segments: Segment[],
  plan: BatchPlan,
  ranges: LeafRange[],
  substitute: (row: KeptRow) => Buffer | undefined,
): PlacedRow[] {
  const next = new Map(ranges.map((range) => [range.tenant, range.start]));
  const placed: PlacedRow[] = [];
  for (const kept of keptRows(segments, plan)) {
    const { segment, row } = kept;
    const tenant = segment.tenants[row] as string;
    const leafIndex = next.get(tenant) as number;
    next.set(tenant, leafIndex + 1);
    const instead = substitute(kept);
    const { start, end } = instead ? { start: 0, end: instead.length } : (segment.rows[row] as RowView);
    const source = instead ?? segment.payload;
    setLeafIndex(source, { start }, leafIndex);
    placed.push({ segment, row, tenant, leafIndex, source, start, end });
  }
  return placed;
}

/** The fewest buffers that hold the rows in their order: neighbours in one payload stay one slice, nothing is copied. */
export function slices(rows: readonly Slice[]): Buffer[] {
  const runs: Slice[] = [];
  let last: Slice | undefined;
  for (const { source, start, end } of rows) {
    if (last?.source === source && last.end === start) last.end = end;
    else runs.push((last = { source, start, end }));
  }
  return runs.map(({ source, start, end }) => source.subarray(start, end));
}
