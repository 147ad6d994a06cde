import { DeliveryError, nextAttempt, retryAfterMs } from './retry';

const away = new DeliveryError('answered 503');

describe('nextAttempt', () => {
  it('doubles from a second to half an hour, with jitter', () => {
    const waits = [1, 2, 3, 11, 12, 15].map((attempts) => nextAttempt(away, attempts, 16, 0.5));
    expect(waits).toEqual([1000, 2000, 4000, 1_024_000, 1_800_000, 1_800_000]);
    expect([nextAttempt(away, 1, 16, 0), nextAttempt(away, 1, 16, 1)]).toEqual([800, 1200]);
  });

  it('waits as long as the receiver asks for, up to an hour', () => {
    const asked = (ms: number) => new DeliveryError('answered 429', { retryAfterMs: ms });
    expect(nextAttempt(asked(90_000), 1, 16, 0.5)).toBe(90_000);
    expect(nextAttempt(asked(10), 1, 16, 0.5)).toBe(1000);
    expect(nextAttempt(asked(86_400_000), 1, 16, 0.5)).toBe(3_600_000);
  });

  it('gives up after so many attempts, and at once where it is no use', () => {
    expect(nextAttempt(away, 16, 16, 0.5)).toBeUndefined();
    expect(nextAttempt(new DeliveryError('answered 404', { permanent: true }), 1, 16, 0.5)).toBeUndefined();
    expect(nextAttempt(new Error('a fault of ours'), 1, 16, 0.5)).toBe(1000);
  });
});

describe('retryAfterMs', () => {
  it('reads seconds and dates', () => {
    const now = Date.UTC(2026, 10, 23, 9);
    expect(retryAfterMs('120', now)).toBe(120_000);
    expect(retryAfterMs('Mon, 23 Nov 2026 09:01:00 GMT', now)).toBe(60_000);
    expect(retryAfterMs('Mon, 23 Nov 2026 08:00:00 GMT', now)).toBe(0);
    expect(retryAfterMs('soon', now)).toBeUndefined();
    expect(retryAfterMs(undefined, now)).toBeUndefined();
  });
});
