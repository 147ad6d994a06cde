import { quietUntil } from './quiet-hours';
import type { QuietHours } from './recipient-group';

const quiet = (over: Partial<QuietHours> = {}): QuietHours => ({
  start: '22:00',
  end: '06:00',
  timezone: 'Europe/Lisbon',
  holdCritical: false,
  ...over,
});
const at = (text: string) => Date.parse(text);
const until = (hours: QuietHours, now: string) => {
  const end = quietUntil(hours, at(now));
  return end === undefined ? undefined : new Date(end).toISOString();
};

describe('quietUntil', () => {
  it('reaches over midnight, from its first to before its last minute', () => {
    expect(until(quiet(), '2026-11-23T21:59:59Z')).toBeUndefined();
    expect(until(quiet(), '2026-11-23T22:00:00Z')).toBe('2026-11-24T06:00:00.000Z');
    expect(until(quiet(), '2026-11-24T05:59:59Z')).toBe('2026-11-24T06:00:00.000Z');
    expect(until(quiet(), '2026-11-24T06:00:00Z')).toBeUndefined();
  });

  it('goes by the clock on the wall of its zone', () => {
    expect(until(quiet({ timezone: 'Asia/Kolkata' }), '2026-11-23T16:30:00Z')).toBe('2026-11-24T00:30:00.000Z');
  });

  it('ends by the new time when clocks change in the night', () => {
    // Lisbon: back by an hour on 25 October 2026 at 01:00 UTC, forward on 28 March 2027 at 01:00 UTC.
    expect(until(quiet(), '2026-10-24T21:30:00Z')).toBe('2026-10-25T06:00:00.000Z');
    expect(until(quiet(), '2027-03-27T22:30:00Z')).toBe('2027-03-28T05:00:00.000Z');
  });

  it('takes a time that the change of clocks skips for the one as much later', () => {
    expect(until(quiet({ start: '00:30', end: '01:30' }), '2027-03-28T00:45:00Z')).toBe('2027-03-28T01:30:00.000Z');
  });

  it('begins on its days only, and a night belongs to the day it begins on', () => {
    const weekend = quiet({ days: ['fri', 'sat'] });
    expect(until(weekend, '2026-11-26T23:00:00Z')).toBeUndefined();
    expect(until(weekend, '2026-11-27T23:00:00Z')).toBe('2026-11-28T06:00:00.000Z');
    expect(until(weekend, '2026-11-29T03:00:00Z')).toBe('2026-11-29T06:00:00.000Z');
    expect(until(weekend, '2026-11-29T23:00:00Z')).toBeUndefined();
  });

  it('can lie within a day', () => {
    const lunch = quiet({ start: '12:00', end: '13:00', timezone: 'UTC' });
    expect(until(lunch, '2026-11-23T12:30:00Z')).toBe('2026-11-23T13:00:00.000Z');
    expect(until(lunch, '2026-11-23T13:30:00Z')).toBeUndefined();
  });
});
