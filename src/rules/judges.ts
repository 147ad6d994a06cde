import type { Condition } from './rule';
import type { WindowRule } from './sliding-window';
import type { WindowEntry } from './window-entry';

const MINUTE = 60_000;

type Threshold = Extract<Condition, { kind: 'threshold' }>;
type Sequence = Extract<Condition, { kind: 'sequence' }>;

/** Numbers are added up in ten-thousandths, which amounts have at most: whole numbers do not drift as they come and go. */
export const UNITS = 10_000;

/** Entries beyond those that the count needs that are kept as they are. */
const SLACK = 256;
/** Entries of a group where none can stand for another. Different values and sequences over more are not all seen. */
const MOST = 4096;

/** Holds when every number that the condition gives is reached; tells the most telling of them. */
export function thresholdRule({ windowMinutes, count, sum, distinct }: Threshold): WindowRule {
  const exact = 2 * (count ?? 1) + SLACK;
  return {
    windowMs: windowMinutes * MINUTE,
    distinct: distinct !== undefined,
    // Amounts may be negative.
    rises: sum?.field !== 'amount',
    ofTally: (tally) => {
      if (count !== undefined && tally.events < count) return undefined;
      if (distinct && tally.different < distinct.atLeast) return undefined;
      if (sum && tally.sum < sum.atLeast * UNITS) return undefined;
      return sum ? tally.sum / UNITS : distinct ? tally.different : tally.events;
    },
    ...(distinct
      ? { exact: MOST, most: Math.max(MOST, distinct.atLeast * 2), joins: 'none' }
      : { exact, most: 2 * exact + MOST, joins: sum ? 'all' : 'hits' }),
  };
}

/** Holds at an event that completes the steps: the last of them if they are ordered, any if not. */
export function sequenceRule({ windowMinutes, steps, ordered }: Sequence): WindowRule {
  const counts = steps.map((step) => step.count);
  return {
    windowMs: windowMinutes * MINUTE,
    distinct: false,
    rises: false,
    ofEntries: (entries, start, end) =>
      (ordered ? endsInOrder(counts, entries, start, end) : holdsAll(counts, entries, start, end)) ? 1 : undefined,
    exact: MOST,
    most: MOST,
    joins: 'none',
  };
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
