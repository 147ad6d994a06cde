/**
 * The events of one group that still matter, in the order of their times; those of one time in the order they came.
 *
 * A condition is judged at each event over the window that ends there, both ends included: [t − window, t]. An event that
 * comes late is put where it belongs, and whatever it may have changed is judged again, so that hits depend on the events
 * and not on the order in which they came.
 */
export interface WindowEntry {
  /** ms since the epoch. */
  t: number;
  /** Whether the condition has held at this event. */
  hit: boolean;
  /** What is summed up. */
  v?: number;
  /** Hash of what is counted once. */
  d?: string;
  /** Steps of a sequence that the event is one of, as bits. */
  m?: number;
  /** Where the entry stands for several events: how many, and the time of the first; `t` is that of the last. */
  n?: number;
  f?: number;
}

/** Judges the window that ends at entry `end` and begins at entry `start`, both included; undefined if the condition does not hold. */
export type Judge = (entries: readonly WindowEntry[], start: number, end: number) => number | undefined;

export interface NewHit {
  at: number;
  value: number;
}

/**
 * Puts an event in and returns the hits that are new: its own, and those of later events that it has completed.
 * @param entries changed in place
 */
export function addToWindow(entries: WindowEntry[], entry: WindowEntry, windowMs: number, judge: Judge): NewHit[] {
  const place = firstAfter(entries, entry.t);
  entries.splice(place, 0, entry);
  const hits: NewHit[] = [];
  for (let end = place; end < entries.length; end++) {
    const at = entries[end] as WindowEntry;
    if (at.t > entry.t + windowMs) break;
    if (at.hit) continue;
    const value = judge(entries, firstAfter(entries, at.t - windowMs - 1, end), end);
    if (value === undefined) continue;
    at.hit = true;
    hits.push({ at: at.t, value });
  }
  return hits;
}

/** Forgets entries before `time`, and the oldest of more than `most`. Returns whether any is left. */
export function prune(entries: WindowEntry[], time: number, most: number): boolean {
  const old = Math.max(firstAfter(entries, time - 1), entries.length - most);
  if (old > 0) entries.splice(0, old);
  return entries.length > 0;
}

/** Parts of a window within which events may be taken together. */
const PARTS = 16;

/**
 * Takes neighbours together where there are more than `most` entries, but for the newest half: so what a busy group needs
 * depends on time and not on its events. Windows that end among them are then exact but for a sixteenth of their length. Only
 * entries at which the condition has held become one (`all`: any two that are alike in this), since the others may have to
 * be judged again.
 */
export function compact(entries: WindowEntry[], windowMs: number, most: number, all: boolean): void {
  if (entries.length <= most) return;
  const end = entries.length - (most >> 1);
  const taken: WindowEntry[] = [];
  for (const entry of entries.slice(0, end)) {
    const last = taken.at(-1);
    const isAlike = last !== undefined && last.hit === entry.hit && (all || entry.hit);
    if (!isAlike || entry.t - (last.f ?? last.t) > windowMs / PARTS) taken.push(entry);
    else taken[taken.length - 1] = joined(last, entry);
  }
  entries.splice(0, end, ...taken);
}

function joined(a: WindowEntry, b: WindowEntry): WindowEntry {
  const sum = a.v === undefined && b.v === undefined ? {} : { v: (a.v ?? 0) + (b.v ?? 0) };
  return { t: b.t, hit: b.hit, ...sum, n: (a.n ?? 1) + (b.n ?? 1), f: a.f ?? a.t };
}

/** Index of the first entry later than `time`, searching below `end`. */
function firstAfter(entries: readonly WindowEntry[], time: number, end = entries.length): number {
  const last = entries[end - 1];
  if (last === undefined || last.t <= time) return end;
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as WindowEntry).t <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
