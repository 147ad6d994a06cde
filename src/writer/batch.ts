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

/** A row of a batch with its place in the ledger. */
export interface PlacedRow extends KeptRow {
  tenant: string;
  leafIndex: number;
  /** What is stored: the row itself, or the quarantine event in its place. */
  bytes: Buffer;
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
    const view = segment.rows[row] as RowView;
    const bytes = substitute(kept) ?? segment.payload.subarray(view.start, view.end);
    setLeafIndex(bytes, { start: 0 }, leafIndex);
    placed.push({ ...kept, tenant, leafIndex, bytes });
  }
  return placed;
}

/** The fewest buffers that hold the rows in their order: neighbours in one payload stay one slice, nothing is copied. */
export function slices(rows: { bytes: Buffer }[]): Buffer[] {
  const out: Buffer[] = [];
  for (const { bytes } of rows) {
    const last = out.at(-1);
    if (last && last.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset) {
      out[out.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length);
    } else out.push(bytes);
  }
  return out;
}
