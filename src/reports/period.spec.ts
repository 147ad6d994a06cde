import { isZone, periodBefore, readPeriod } from './period';

const at = (iso: string) => Date.parse(iso);

describe('periodBefore', () => {
  it.each([
    ['previous_day', '2026-11-23T05:00:00Z', '2026-11-22T00:00:00.000Z', '2026-11-23T00:00:00.000Z'],
    ['previous_week', '2026-11-25T05:00:00Z', '2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z'],
    ['previous_month', '2026-03-31T05:00:00Z', '2026-02-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ['previous_quarter', '2026-01-01T00:00:00Z', '2025-10-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
    ['previous_year', '2026-01-01T00:00:00Z', '2025-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
  ] as const)('finds the %s', (period, now, from, to) => {
    expect(periodBefore(at(now), period, 'UTC')).toEqual({ from, to });
  });

  it('goes by the calendar of the zone, also when its clocks change', () => {
    // Lisbon: summer time from 2026-03-29 on.
    expect(periodBefore(at('2026-04-01T04:00:00Z'), 'previous_month', 'Europe/Lisbon')).toEqual({
      from: '2026-03-01T00:00:00.000Z',
      to: '2026-03-31T23:00:00.000Z',
    });
    // In São Paulo it is still October.
    expect(periodBefore(at('2026-11-01T02:00:00Z'), 'previous_month', 'America/Sao_Paulo').to).toBe(
      '2026-10-01T03:00:00.000Z',
    );
  });
});

describe('readPeriod', () => {
  const now = at('2026-11-23T12:00:00Z');

  it('reads days in the zone, and times as they are', () => {
    expect(readPeriod('2026-10-01', '2026-11-01', 'Europe/Lisbon', now)).toEqual({
      from: '2026-09-30T23:00:00.000Z',
      to: '2026-11-01T00:00:00.000Z',
    });
    expect(readPeriod('2026-10-01T08:00:00+02:00', '2026-10-02', 'UTC', now).from).toBe('2026-10-01T06:00:00.000Z');
  });

  it.each([
    ['an empty one', '2026-10-01', '2026-10-01', /^to .*empty/],
    ['one that runs backwards', '2026-10-02', '2026-10-01', /^to .*empty/],
    ['one in the future', '2026-11-24', '2026-11-30', /^from .*future/],
    ['one that is no period', 'yesterday', '2026-10-01', /^from must be a day/],
    ['a mistyped year', '2006-10-01', '2026-10-01', /^to .*10 years/],
  ])('refuses %s', (_, from, to, message) => {
    expect(() => readPeriod(from, to, 'UTC', now)).toThrow(message);
  });

  it('knows zones', () => {
    expect([isZone('Europe/Lisbon'), isZone('UTC'), isZone('Mars/Base')]).toEqual([true, true, false]);
  });
});
