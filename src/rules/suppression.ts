import { DateTime } from 'luxon';
import type { Suppression } from './rule';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Whether a time, ms since the epoch, lies in one of the windows. */
export function isSuppressed(windows: readonly Suppression[], time: number): boolean {
  return windows.some((window) =>
    'from' in window
      ? time >= Date.parse(window.from) && time < Date.parse(window.to)
      : isInDailyWindow(window, DateTime.fromMillis(time, { zone: window.timezone })),
  );
}

/** A window that passes midnight belongs to the day on which it begins. */
function isInDailyWindow({ days, start, end }: Extract<Suppression, { start: string }>, local: DateTime): boolean {
  const clock = local.toFormat('HH:mm');
  const isDay = (day: DateTime) => !days || days.includes(DAYS[day.weekday - 1] as (typeof DAYS)[number]);
  if (start < end) return clock >= start && clock < end && isDay(local);
  return (clock >= start && isDay(local)) || (clock < end && isDay(local.minus({ days: 1 })));
}
