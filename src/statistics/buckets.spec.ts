import { DateTime } from 'luxon';
import { bucketStarts, cut, hasQuarterHours, Interval, parseInterval, usualInterval } from './buckets';

const at = (text: string, zone = 'UTC') => DateTime.fromISO(text, { zone }).toMillis();
const starts = (from: string, to: string, step: string, zone: string) =>
  bucketStarts(at(from, zone), at(to, zone), parseInterval(step) as Interval, zone).map((ms) =>
    DateTime.fromMillis(ms, { zone }).toISO({ suppressMilliseconds: true, suppressSeconds: true }),
  );

describe('the buckets of a series', () => {
  it('are days of 23 and 25 hours where the clock changes', () => {
    expect(starts('2026-03-28', '2026-03-31', '1d', 'Europe/Lisbon')).toEqual([
      '2026-03-28T00:00+00:00',
      '2026-03-29T00:00+00:00',
      '2026-03-30T00:00+01:00',
    ]);
    expect(starts('2026-10-24T15:00', '2026-10-27', '1d', 'Europe/Berlin')).toEqual([
      '2026-10-24T00:00+02:00',
      '2026-10-25T00:00+02:00',
      '2026-10-26T00:00+01:00',
    ]);
  });

  it('are both hours of those that come twice, and none of those that do not come', () => {
    expect(starts('2026-10-25T01:00', '2026-10-25T04:00', '1h', 'Europe/Berlin')).toEqual([
      '2026-10-25T01:00+02:00',
      '2026-10-25T02:00+02:00',
      '2026-10-25T02:00+01:00',
      '2026-10-25T03:00+01:00',
    ]);
    expect(starts('2026-03-29T01:00', '2026-03-29T04:00', '1h', 'Europe/Berlin')).toEqual([
      '2026-03-29T01:00+01:00',
      '2026-03-29T03:00+02:00',
    ]);
  });

  it('begin where the range begins inside the second turn of an hour', () => {
    const second = at('2026-10-25T01:40:00Z');
    expect(bucketStarts(second, second + 1, { amount: 1, unit: 'h' }, 'Europe/Berlin')).toEqual([
      at('2026-10-25T01:00:00Z'),
    ]);
  });

  it('of several hours begin at the same times of day, also when the clock changes', () => {
    expect(starts('2026-10-24T18:00', '2026-10-26', '6h', 'Europe/Berlin')).toEqual([
      '2026-10-24T18:00+02:00',
      '2026-10-25T00:00+02:00',
      '2026-10-25T06:00+01:00',
      '2026-10-25T12:00+01:00',
      '2026-10-25T18:00+01:00',
    ]);
  });

  it('follow zones with half hours, and a clock that is set by half an hour', () => {
    expect(starts('2026-11-23', '2026-11-23T03:00', '1h', 'Asia/Kolkata')[1]).toBe('2026-11-23T01:00+05:30');
    expect(starts('2026-04-05T00:00', '2026-04-05T04:00', '1h', 'Australia/Lord_Howe')).toEqual([
      '2026-04-05T00:00+11:00',
      '2026-04-05T01:00+11:00',
      '2026-04-05T02:00+10:30',
      '2026-04-05T03:00+10:30',
    ]);
  });

  it.each([
    ['1w', ['2026-11-23T00:00Z', '2026-11-30T00:00Z']],
    ['1M', ['2026-11-01T00:00Z', '2026-12-01T00:00Z']],
    ['1y', ['2026-01-01T00:00Z']],
    ['15m', 905],
  ])('of %s begin with the week, month, year or quarter', (step, expected) => {
    const found = starts('2026-11-25T05:50', step === '15m' ? '2026-12-04T16:00' : '2026-12-05', step, 'UTC');
    expect(typeof expected === 'number' ? found.length : found).toEqual(expected);
  });

  it.each(['UTC', 'Europe/Lisbon', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/Havana'])(
    'cover two years in %s without a gap, in order',
    (zone) => {
      for (const step of ['12h', '1d', '3d', '1w', '1M'])
        for (const year of [2017, 2026]) {
          const [from, to] = [at(`${year}-01-01T07:11`, zone), at(`${year + 2}-01-01`, zone)];
          const found = bucketStarts(from, to, parseInterval(step) as Interval, zone);
          expect(found[0]).toBeLessThanOrEqual(from);
          expect(found[1]).toBeGreaterThan(from);
          expect(found).toEqual([...new Set(found)].sort((a, b) => a - b));
        }
    },
  );

  it('may not be too many', () => {
    expect(() => starts('2026-01-01', '2026-03-01', '5m', 'UTC')).toThrow('interval would give more than 2500 points');
  });

  it.each(['', '0h', '7m', '5h', '1s', 'hour', '60m', '24h', '1000d'])('refuse the step "%s"', (text) => {
    expect(typeof parseInterval(text)).toBe('string');
  });

  it('are some fifty if nobody says how long', () => {
    expect(usualInterval(0, 3_600_000)).toBe('1m');
    expect(usualInterval(0, 30 * 86_400_000)).toBe('1d');
    expect(usualInterval(0, 20 * 365 * 86_400_000)).toBe('1y');
  });
});

describe('how a time range is read', () => {
  it('is whole steps and what is left at its ends', () => {
    expect(cut({ from: 5, to: 38 }, 10)).toEqual({
      whole: { from: 10, to: 30 },
      edges: [
        { from: 5, to: 10 },
        { from: 30, to: 38 },
      ],
    });
    expect(cut({ from: 10, to: 30 }, 10)).toEqual({ whole: { from: 10, to: 30 }, edges: [] });
    expect(cut({ from: 11, to: 19 }, 10)).toEqual({ whole: undefined, edges: [{ from: 11, to: 19 }] });
    expect(cut({ from: -15, to: 5 }, 10)).toMatchObject({ whole: { from: -10, to: 0 } });
    expect(cut({ from: 5, to: 5 }, 10)).toEqual({ whole: undefined, edges: [] });
  });

  it('knows local times that are no quarters of an hour', () => {
    const now = { from: at('2026-01-01'), to: at('2026-12-31') };
    expect(hasQuarterHours('Asia/Kathmandu', now)).toBe(true);
    expect(hasQuarterHours('Africa/Monrovia', { from: at('1971-12-01'), to: at('1972-02-01') })).toBe(false);
  });
});
