import type { Condition } from './rule';
import type { Judge, WindowEntry } from './sliding-window';

type Threshold = Extract<Condition, { kind: 'threshold' }>;
type Sequence = Extract<Condition, { kind: 'sequence' }>;

/** Events beyond those that the count needs: so many may come between a late event and its place. */
const SLACK = 256;
/** Entries of a group where all of them may be needed. Sums and different values over more are lower bounds. */
const MOST = 4096;

/** How many entries of a group are kept at most. */
export function capacityOf(condition: Threshold | Sequence): number {
  if (condition.kind === 'sequence') return MOST;
  const { count, sum, distinct } = condition;
  return sum || distinct ? Math.max(MOST, (distinct?.atLeast ?? 0) * 2) : (count ?? 1) + SLACK;
}

/** Holds when every number that the condition gives is reached; tells the most telling of them. */
export function judgeThreshold({ count, sum, distinct }: Threshold): Judge {
  return (entries, start, end) => {
    const events = end - start + 1;
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
