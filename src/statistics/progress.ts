import { z } from 'zod';

/** Batches looked at in one step, and rows counted in one insert: few enough that its result is one block, so one part. */
const BATCHES = 1000;
const ROWS = 300_000;

export const progressSchema = z.object({ upTo: z.number(), holes: z.array(z.number()) });

/** Every batch up to `upTo` has been counted, or has no rows, but for the holes: those were not committed when they were passed. */
export type Progress = z.infer<typeof progressSchema>;

/** What Redis says of batches: the last number given out, and those that are not committed. One atomic read. */
export interface Sequence {
  last: number;
  inFlight: ReadonlySet<number>;
}

/** Batches that may be counted now. */
export interface Window {
  /** Those above this … */
  after: number;
  /** … up to this, but for `except`, … */
  to: number;
  except: number[];
  /** … and these. */
  holes: number[];
}

/** Pure. */
export function windowOf({ upTo, holes }: Progress, { last, inFlight }: Sequence): Window {
  const to = Math.max(upTo, Math.min(last, upTo + BATCHES));
  return {
    after: upTo,
    to,
    except: [...inFlight].filter((batch) => batch > upTo && batch <= to),
    holes: holes.filter((batch) => !inFlight.has(batch)),
  };
}

/** The first batches of those to be counted that make one insert: one at least. Pure. */
export function chunkOf(pending: { batch: number; rows: number }[], most = ROWS): number[] {
  let rows = 0;
  const fitting = pending.findIndex((next, i) => (rows += next.rows) > most && i > 0);
  return pending.slice(0, fitting === -1 ? pending.length : fitting).map(({ batch }) => batch);
}

/** Where counting stands once `counted` of the pending batches of a window are. Pure. */
export function advance(
  { upTo, holes }: Progress,
  { inFlight }: Sequence,
  window: Window,
  pending: number[],
  counted: number[],
): Progress {
  const left = pending.filter((batch) => !counted.includes(batch));
  const reached = left.length === 0 ? window.to : Math.max(upTo, ...counted.filter((batch) => batch > upTo));
  return {
    upTo: reached,
    holes: [
      ...holes.filter((batch) => inFlight.has(batch) || left.includes(batch)),
      ...window.except.filter((batch) => batch <= reached),
    ],
  };
}
