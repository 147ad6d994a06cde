import { retryAfterMs, retryDelay } from './retry';

describe('the pause between attempts', () => {
  it('doubles up to the longest, with a random part', () => {
    expect([1, 2, 3, 9, 99].map((attempt) => retryDelay(attempt, undefined, 30_000, 1))).toEqual([
      250, 500, 1000, 30_000, 30_000,
    ]);
    expect(retryDelay(3, undefined, 30_000, 0)).toBe(500);
  });

  it('is never shorter than what the server asks for, and never for ever', () => {
    expect(retryDelay(1, 5000, 1000, 0)).toBe(5000);
    expect(retryDelay(1, 5000, 1000, 1)).toBe(6250);
    expect(retryDelay(1, 1e9, 1000, 0)).toBe(600_000);
  });

  it.each([
    ['7', 7000],
    ['Mon, 23 Nov 2026 12:00:10 GMT', 10_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads Retry-After %s', (header, expected) => {
    expect(retryAfterMs(header, Date.UTC(2026, 10, 23, 12))).toBe(expected);
  });
});
