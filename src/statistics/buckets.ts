import { DateTime, DurationLike } from 'luxon';
import { AppError } from '../common/app-error';
import { DAY_MS, QUARTER_MS } from './rollup-sql';

/** Points of one answer at most. */
export const MAX_BUCKETS = 2500;

const HOUR_MS = 3_600_000;
const UNITS = { m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', y: 'year' } as const;
const STEP = /^([1-9]\d{0,2})([mhdwMy])$/;
/** How many of a unit make the next one, so that steps begin at the same times of each day or year. */
const WHOLE: Partial<Record<keyof typeof UNITS, number>> = { m: 60, h: 24, M: 12 };

export interface Interval {
  amount: number;
  unit: keyof typeof UNITS;
}

/** Reads `15m`, `1h`, `1d`, `1w`, `1M`, `1y`; a text that says what is wrong otherwise. */
export function parseInterval(text: string): Interval | string {
  const [, digits, letter] = STEP.exec(text) ?? [];
  if (digits === undefined) return 'must be a number and m, h, d, w, M (months) or y, such as 15m or 1d';
  const [amount, unit] = [Number(digits), letter as Interval['unit']];
  const whole = WHOLE[unit];
  if (whole === undefined || (amount < whole && whole % amount === 0)) return { amount, unit };
  return `must divide ${whole}${unit}, as 1${unit}, 2${unit} and ${whole / 2}${unit} do`;
}

/** The step that gives about fifty points. */
export function usualInterval(from: number, to: number): string {
  const span = to - from;
  const steps: [string, number][] = [
    ['1m', 60_000],
    ['5m', 300_000],
    ['15m', QUARTER_MS],
    ['1h', HOUR_MS],
    ['6h', 6 * HOUR_MS],
    ['1d', DAY_MS],
    ['1w', 7 * DAY_MS],
    ['1M', 30 * DAY_MS],
  ];
  return steps.find(([, ms]) => span / ms <= 60)?.[0] ?? '1y';
}

/**
 * When the buckets begin that cover [from, to), in ms, ascending; the first holds `from`. Days and longer begin at the midnight of
 * the zone, so that a day of 23 or 25 hours is one bucket. Several hours begin at such times of day as 0, 6, 12 and 18 o'clock,
 * whatever the clock did that day; of an hour that comes twice each is a bucket. Weeks begin on Monday.
 * @throws AppError 400 if they are too many
 */
export function bucketStarts(
  from: number,
  to: number,
  { amount, unit }: Interval,
  zone: string,
  most = MAX_BUCKETS,
): number[] {
  const starts = [firstStart(DateTime.fromMillis(from, { zone }), amount, unit)];
  for (;;) {
    const last = starts.at(-1) as DateTime;
    const next = nextStart(last, amount, unit);
    if (next.toMillis() >= to) return starts.map((start) => start.toMillis());
    starts.push(next);
    if (starts.length > most) {
      const message = `would give more than ${most} points; take longer steps or a shorter time`;
      throw new AppError('QUERY_INVALID', 400, `interval ${message}`, { problems: [{ path: 'interval', message }] });
    }
  }
}

function firstStart(from: DateTime, amount: number, unit: Interval['unit']): DateTime {
  if (unit === 'm') return onTheClock(from.startOf('minute'), from.minute % amount);
  if (unit === 'h' && amount === 1) return onTheClock(from.startOf('minute'), from.minute);
  if (unit === 'h') return atHour(from, Math.floor(from.hour / amount) * amount);
  return from.startOf(UNITS[unit]);
}

/** Goes back on the clock by the time that has passed, so that an hour that comes twice keeps its second turn. */
const onTheClock = (at: DateTime, minutes: number): DateTime => at.minus({ milliseconds: minutes * 60_000 });
/** An hour that the clock leaps over begins when it would have. */
const atHour = (day: DateTime, hour: number): DateTime =>
  hour === 0 ? day.startOf('day') : day.startOf('day').set({ hour });

function nextStart(last: DateTime, amount: number, unit: Interval['unit']): DateTime {
  if (unit === 'm' || (unit === 'h' && amount === 1)) {
    const step = amount * (unit === 'm' ? 60_000 : HOUR_MS);
    const next = last.plus({ milliseconds: step });
    // A clock that was set by half an hour leaves a longer bucket behind, and steps begin at whole hours again.
    const odd = next.minute % (unit === 'm' ? amount : 60);
    return odd === 0 ? next : next.plus({ milliseconds: ((unit === 'm' ? amount : 60) - odd) * 60_000 });
  }
  if (unit === 'h') {
    const hour = Math.floor(last.hour / amount) * amount + amount;
    const next = hour >= 24 ? last.plus({ days: 1 }).startOf('day') : atHour(last, hour);
    return next > last ? next : last.plus({ milliseconds: amount * HOUR_MS });
  }
  const added: DurationLike = { [`${UNITS[unit]}s`]: amount };
  return last.plus(added).startOf(UNITS[unit] === 'week' ? 'day' : UNITS[unit]);
}

export interface Span {
  from: number;
  to: number;
}

/** How a time range is read: what consists of whole steps from rollups, the rest from the events. Pure. */
export interface Cut {
  whole: Span | undefined;
  edges: Span[];
}

export function cut({ from, to }: Span, step: number): Cut {
  const first = Math.ceil(from / step) * step;
  const last = Math.floor(to / step) * step;
  if (first >= last) return { whole: undefined, edges: from < to ? [{ from, to }] : [] };
  const edges = [
    { from, to: first },
    { from: last, to },
  ];
  return { whole: { from: first, to: last }, edges: edges.filter((edge) => edge.from < edge.to) };
}

/** Whether the hours of a zone begin with quarters of an hour of UTC in all of the time, as they do but for local times long ago. */
export function hasQuarterHours(zone: string, { from, to }: Span): boolean {
  for (let at = from; at < to + DAY_MS; at += DAY_MS) {
    const { offset } = DateTime.fromMillis(Math.min(at, to), { zone });
    if (!Number.isInteger(offset) || offset % 15 !== 0) return false;
  }
  return true;
}
