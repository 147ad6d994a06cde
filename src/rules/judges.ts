import type { Condition } from './rule';
import type { Judge, WindowEntry } from './sliding-window';

type Threshold = Extract<Condition, { kind: 'threshold' }>;
type Sequence = Extract<Condition, { kind: 'sequence' }>;

/** Entries beyond those that the count needs that are kept as they are. */
const SLACK = 256;
/** Entries of a group where none can stand for another. Different values and sequences over more are not all seen. */
const MOST = 4096;

/** How many entries of a group are kept: past `exact` they are taken together where that is possible, past `most` dropped. */
export function capacityOf(condition: Threshold | Sequence): {
  exact: number;
  most: number;
  joins: 'hits' | 'all' | 'none';
} {
  if (condition.kind === 'sequence') return { exact: MOST, most: MOST, joins: 'none' };
  const { count, sum, distinct } = condition;
  if (distinct) return { exact: MOST, most: Math.max(MOST, distinct.atLeast * 2), joins: 'none' };
  const exact = 2 * (count ?? 1) + SLACK;
  return { exact, most: 2 * exact + MOST, joins: sum ? 'all' : 'hits' };
}

/** Holds when every number that the condition gives is reached; tells the most telling of them. */
export function judgeThreshold({ count, sum, distinct }: Threshold): Judge {
  return (entries, start, end) => {
    const events = numberOfEvents(entries, start, end);
    if (count !== undefined && events < count) return undefined;
    let value = events;
    if (distinct) {
      value = differentValues(entries, start, end);
      if (value < distinct.atLeast) return undefined;
    }
    if (sum) {
      value = 0;
      for (let i = start; i <= end; i++) value += entries[i]?.v ?? 0;
      if (value < sum.atLeast) return undefined;
    }
    return value;
  };
}

function numberOfEvents(entries: readonly WindowEntry[], start: number, end: number): number {
  let events = 0;
  for (let i = start; i <= end; i++) events += entries[i]?.n ?? 1;
  return events;
}

function differentValues(entries: readonly WindowEntry[], start: number, end: number): number {
  const seen = new Set<string>();
  for (let i = start; i <= end; i++) {
    const { d } = entries[i] as WindowEntry;
    if (d !== undefined) seen.add(d);
  }
  return seen.size;
}

/** Holds at an event that completes the steps: the last of them if they are ordered, any if not. */
export function judgeSequence({ steps, ordered }: Sequence): Judge {
  const counts = steps.map((step) => step.count);
  return (entries, start, end) =>
    (ordered ? endsInOrder(counts, entries, start, end) : holdsAll(counts, entries, start, end)) ? 1 : undefined;
}

/** From the end backwards, each step as late as possible: that leaves the most room to those before it. */
function endsInOrder(counts: number[], entries: readonly WindowEntry[], start: number, end: number): boolean {
  let step = counts.length - 1;
  let missing = counts[step] as number;
  if (!isStep(entries[end] as WindowEntry, step)) return false;
  for (let i = end; i >= start; i--) {
    if (!isStep(entries[i] as WindowEntry, step)) continue;
    missing -= 1;
    if (missing > 0) continue;
    step -= 1;
    if (step < 0) return true;
    missing = counts[step] as number;
  }
  return false;
}

function holdsAll(counts: number[], entries: readonly WindowEntry[], start: number, end: number): boolean {
  return counts.every((count, step) => {
    let found = 0;
    for (let i = end; i >= start && found < count; i--) if (isStep(entries[i] as WindowEntry, step)) found += 1;
    return found >= count;
  });
}

const isStep = (entry: WindowEntry, step: number): boolean => ((entry.m ?? 0) & (1 << step)) !== 0;
