import { DateTime } from 'luxon';
import type { QuietHours } from './recipient-group';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/**
 * When the quiet hours end in which `now` falls, ms since the epoch; undefined outside of them. A time of day that a
 * change of clocks skips is the one as much later; one that comes twice is the first.
 */
export function quietUntil(quiet: QuietHours, now: number): number | undefined {
  const today = DateTime.fromMillis(now, { zone: quiet.timezone }).startOf('day');
  const overnight = quiet.end < quiet.start;
  for (const day of [today, today.minus({ days: 1 })]) {
    const name = DAYS[day.weekday - 1];
    if (name !== undefined && quiet.days && !quiet.days.includes(name)) continue;
    const start = at(day, quiet.start);
    const end = at(overnight ? day.plus({ days: 1 }) : day, quiet.end);
    if (start <= now && now < end) return end;
  }
  return undefined;
}

function at(day: DateTime, time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return day.set({ hour, minute }).toMillis();
}
