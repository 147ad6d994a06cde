import { TokenBuckets } from './rate-limit';

describe('TokenBuckets', () => {
  it('allows so many at once, then says how long to wait', () => {
    const buckets = new TokenBuckets(3);
    expect([1, 2, 3].map(() => buckets.take('a', 0).remaining)).toEqual([2, 1, 0]);
    expect(buckets.take('a', 0)).toEqual({ allowed: false, remaining: 0, seconds: 20 });
    expect(buckets.take('b', 0).allowed).toBe(true);
  });

  it('refills evenly, never past its size', () => {
    const buckets = new TokenBuckets(3);
    for (let i = 0; i < 3; i++) buckets.take('a', 0);
    expect(buckets.take('a', 19_999).allowed).toBe(false);
    expect(buckets.take('a', 20_000).allowed).toBe(true);
    expect(buckets.take('a', 10_000_000).remaining).toBe(2);
  });

  it('gives nothing for a clock that steps back', () => {
    const buckets = new TokenBuckets(1);
    buckets.take('a', 100_000);
    expect(buckets.take('a', 0).allowed).toBe(false);
    expect(buckets.take('a', 100_001).allowed).toBe(false);
  });
});
