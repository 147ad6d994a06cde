import { Tally } from './tally';
import type { WindowEntry } from './window-entry';

/** How the windows of a trigger are judged; the same for all of its groups. */
export interface WindowRule {
  windowMs: number;
  /** Whether different values are counted. */
  distinct: boolean;
  /** Whether more events never make the condition hold less: then what does not hold for a time holds for no part of it. */
  rises: boolean;
  /** Judges what a window amounts to; undefined if the condition does not hold. */
  ofTally?: (tally: Tally) => number | undefined;
  /** Judges the entries from `start` to `end`, both included; in place of `ofTally`. */
  ofEntries?: (entries: readonly WindowEntry[], start: number, end: number) => number | undefined;
  /** How many entries of a group are kept: past `exact` they are taken together where that is possible, past `most` dropped. */
  exact: number;
  most: number;
  joins: 'hits' | 'all' | 'none';
}

export interface NewHit {
  at: number;
  value: number;
}

/** Old entries are dropped so many at a time, since each time moves all the others. */
const DROPPED_AT_ONCE = 64;
/** Parts of a window within which events may be taken together. */
const PARTS = 16;

/**
 * The events of one group that still matter, in the order of their times; those of one time in the order they came.
 *
 * A condition is judged at each event over the window that ends there, both ends included: [t − window, t]. An event that
 * comes late is put where it belongs, and whatever it may have changed is judged again, so that hits depend on the events
 * and not on the order in which they came. (A hit is not taken back when a negative amount comes late.)
 */
export class SlidingWindow {
  /** Of the window that ends with the last entry, which begins at `start`. */
  private tally: Tally | undefined;
  private start = 0;
  private compactAbove: number;

  constructor(
    private readonly rule: WindowRule,
    readonly entries: WindowEntry[] = [],
  ) {
    this.compactAbove = rule.exact;
  }

  /** Puts an event in and returns the hits that are new: its own, and those of later events that it has completed. */
  add(entry: WindowEntry): NewHit[] {
    const { entries } = this;
    const last = entries.at(-1);
    if (last !== undefined && last.t > entry.t) return this.addLate(entry);
    entries.push(entry);
    const value = this.judgeLast();
    if (value === undefined) return [];
    entry.hit = true;
    return [{ at: entry.t, value }];
  }

  /** Forgets what lies before `time`, and what is too much. Returns whether anything is left. */
  prune(time: number, thoroughly = false): boolean {
    const { entries, rule } = this;
    const old = (entries[thoroughly ? 0 : DROPPED_AT_ONCE]?.t ?? Infinity) < time ? this.firstAfter(time - 1) : 0;
    const over = entries.length > rule.most + DROPPED_AT_ONCE ? entries.length - rule.most : 0;
    const count = Math.max(old, over);
    if (count > 0) this.drop(count);
    return entries.length > 0;
  }

  /**
   * Takes neighbours together where there are too many entries, but for the newest half: so what a busy group needs depends on
   * time and not on its events. Windows that end among them are then exact but for a sixteenth of their length. Only entries
   * at which the condition has held become one (`joins: 'all'`: any two that are alike in this), since the others may have
   * to be judged again.
   */
  compact(): void {
    const { entries, rule } = this;
    if (entries.length <= this.compactAbove || rule.joins === 'none') return;
    const end = entries.length - (rule.exact >> 1);
    const taken: WindowEntry[] = [];
    for (const entry of entries.slice(0, end)) {
      const last = taken.at(-1);
      const isAlike = last !== undefined && last.hit === entry.hit && (rule.joins === 'all' || entry.hit);
      if (!isAlike || entry.t - (last.f ?? last.t) > rule.windowMs / PARTS) taken.push(entry);
      else taken[taken.length - 1] = joined(last, entry);
    }
    entries.splice(0, end, ...taken);
    this.tally = undefined;
    // Where little could be joined, it is not tried again with every event.
    this.compactAbove = Math.max(rule.exact, entries.length + (rule.exact >> 2));
  }

  private judgeLast(): number | undefined {
    const { entries, rule } = this;
    const end = entries.length - 1;
    const begins = (entries[end] as WindowEntry).t - rule.windowMs;
    if (rule.ofEntries) return rule.ofEntries(entries, this.firstAfter(begins - 1), end);
    if (this.tally) {
      this.tally.add(entries[end] as WindowEntry);
      for (; (entries[this.start] as WindowEntry).t < begins; this.start++) {
        this.tally.remove(entries[this.start] as WindowEntry);
      }
    } else {
      this.tally = new Tally(rule.distinct);
      this.start = this.firstAfter(begins - 1);
      for (let i = this.start; i <= end; i++) this.tally.add(entries[i] as WindowEntry);
    }
    return rule.ofTally?.(this.tally);
  }

  private addLate(entry: WindowEntry): NewHit[] {
    const { entries, rule } = this;
    const place = this.firstAfter(entry.t);
    entries.splice(place, 0, entry);
    if (rule.ofEntries) return this.judgeEntries(place, entry.t + rule.windowMs);
    if (this.tally && place >= this.start) return this.judgeWithin(place);
    if (this.tally) this.start += 1;
    const tally = new Tally(rule.distinct);
    const first = this.firstAfter(entry.t - rule.windowMs - 1);
    for (let i = first; i <= place; i++) tally.add(entries[i] as WindowEntry);
    return this.slide(tally, first, place, entry.t + rule.windowMs).hits;
  }

  /** Judges the windows from the one that ends at `place`, which lies in the window that is tallied. */
  private judgeWithin(place: number): NewHit[] {
    const { entries, rule } = this;
    const tally = this.tally as Tally;
    const entry = entries[place] as WindowEntry;
    let first = this.start;
    tally.add(entry);
    while (first > 0 && (entries[first - 1] as WindowEntry).t >= entry.t - rule.windowMs) {
      tally.add(entries[--first] as WindowEntry);
    }
    // What does not even hold for all of these windows together holds for none of them.
    if (rule.rises && rule.ofTally?.(tally) === undefined) {
      for (; first < this.start; first++) tally.remove(entries[first] as WindowEntry);
      return [];
    }
    for (let i = entries.length - 1; i > place; i--) tally.remove(entries[i] as WindowEntry);
    const slid = this.slide(tally, first, place, Infinity);
    this.start = slid.first;
    return slid.hits;
  }

  /** Judges each window that ends from `end` on and until a time; `tally` is that of the first, which begins at `first`. */
  private slide(tally: Tally, first: number, end: number, until: number): { hits: NewHit[]; first: number } {
    const { entries, rule } = this;
    const hits: NewHit[] = [];
    for (let i = end; i < entries.length; i++) {
      const at = entries[i] as WindowEntry;
      if (at.t > until) break;
      if (i > end) tally.add(at);
      for (; (entries[first] as WindowEntry).t < at.t - rule.windowMs; first++) {
        tally.remove(entries[first] as WindowEntry);
      }
      const value = at.hit ? undefined : rule.ofTally?.(tally);
      if (value === undefined) continue;
      at.hit = true;
      hits.push({ at: at.t, value });
    }
    return { hits, first };
  }

  private judgeEntries(place: number, until: number): NewHit[] {
    const { entries, rule } = this;
    const hits: NewHit[] = [];
    for (let end = place; end < entries.length; end++) {
      const at = entries[end] as WindowEntry;
      if (at.t > until) break;
      const value = at.hit ? undefined : rule.ofEntries?.(entries, this.firstAfter(at.t - rule.windowMs - 1), end);
      if (value === undefined) continue;
      at.hit = true;
      hits.push({ at: at.t, value });
    }
    return hits;
  }

  private drop(count: number): void {
    const { entries, tally } = this;
    if (tally) for (let i = this.start; i < count; i++) tally.remove(entries[i] as WindowEntry);
    this.start = Math.max(0, this.start - count);
    entries.splice(0, count);
  }

  /** Index of the first entry later than `time`. */
  private firstAfter(time: number): number {
    const { entries } = this;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((entries[middle] as WindowEntry).t <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function joined(a: WindowEntry, b: WindowEntry): WindowEntry {
  const sum = a.v === undefined && b.v === undefined ? {} : { v: (a.v ?? 0) + (b.v ?? 0) };
  return { t: b.t, hit: b.hit, ...sum, n: (a.n ?? 1) + (b.n ?? 1), f: a.f ?? a.t };
}
