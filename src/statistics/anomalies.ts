/**
 * What is unusual for its hour of the week.
 *
 * The baseline of an hour is the median of the same hour of the week (in the time zone asked for) in the weeks before it, and
 * how far it usually lies from that is 1.4826 times the median absolute deviation (MAD), which for normal data is the standard
 * deviation. Audit events have a strong week and bursts: mean and standard deviation would be moved by the very bursts that are
 * looked for, so that the second attack looks normal beside the first; up to half of the weeks may be unusual before a median is.
 * Counts scatter by the root of their size even when nothing happens, and MAD is 0 where most weeks are equal: the deviation
 * is therefore never taken as less than max(1, √median).
 */
export interface Anomaly {
  /** Start of the hour, ms. */
  at: number;
  events: number;
  expected: number;
  deviation: number;
  /** (events − expected) / deviation */
  score: number;
  weeks: number;
}

export interface Hour {
  /** ms */
  at: number;
  /** Hour of the week, 0 to 167, in the zone. */
  slot: number;
  events: number;
}

const WEEK_MS = 7 * 86_400_000;
/** A clock that is set moves the same hour of the week by this at most, ms. */
const SLACK_MS = 2 * 3_600_000;
/** MAD to standard deviation. */
const NORMAL = 1.4826;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * Hours from `from` on whose score is `threshold` or more above or below zero, ascending. Hours that have fewer than `least`
 * weeks of history are not judged. Pure.
 * @param hours every hour since the history begins, ascending, also those without events
 */
export function findAnomalies(
  hours: readonly Hour[],
  { from, weeks, least, threshold }: { from: number; weeks: number; least: number; threshold: number },
): Anomaly[] {
  const bySlot = new Map<number, Hour[]>();
  const found: Anomaly[] = [];
  for (const hour of hours) {
    const before = bySlot.get(hour.slot) ?? [];
    bySlot.set(hour.slot, before);
    if (hour.at >= from) {
      const history = before.filter(({ at }) => at >= hour.at - weeks * WEEK_MS - SLACK_MS).map(({ events }) => events);
      if (history.length >= least) {
        const expected = median(history);
        const mad = median(history.map((events) => Math.abs(events - expected)));
        const deviation = Math.max(NORMAL * mad, Math.sqrt(expected), 1);
        const score = (hour.events - expected) / deviation;
        if (Math.abs(score) >= threshold)
          found.push({ at: hour.at, events: hour.events, expected, deviation, score, weeks: history.length });
      }
    }
    before.push(hour);
  }
  return found;
}

/**
 * From when on a log is history to compare with, ms: weeks at its beginning that have less than a hundredth of the events of
 * the largest are left out. They come from single events with an old time, and would make everything after them unusual. Pure.
 * @param hours ascending, of all groups together
 */
export function historyStart(hours: readonly Pick<Hour, 'at' | 'events'>[]): number | undefined {
  const begin = hours[0]?.at ?? 0;
  const weeks: number[] = [];
  for (const { at, events } of hours) {
    const week = Math.floor((at - begin) / WEEK_MS);
    weeks[week] = (weeks[week] ?? 0) + events;
  }
  const largest = Math.max(...weeks.map((events = 0) => events));
  const first = weeks.findIndex((events = 0) => events > 0 && events >= largest / 100);
  return first === -1 ? undefined : begin + first * WEEK_MS;
}
