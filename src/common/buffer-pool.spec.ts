import { BufferPool } from './buffer-pool';

describe('BufferPool', () => {
  it('gives a buffer again that was given back, and no other', () => {
    const pool = new BufferPool();
    const first = pool.take(100_000);
    const second = pool.take(100_000);
    expect(first.length).toBeGreaterThanOrEqual(100_000);
    expect(second).not.toBe(first);
    pool.give(first);
    expect(pool.take(131_072)).toBe(first);
    expect(pool.take(100_000)).not.toBe(first);
  });

  it('has nothing to do with short buffers, nor with what was not taken there', () => {
    const pool = new BufferPool();
    const short = pool.take(10);
    expect(short.length).toBe(10);
    pool.give(short);
    pool.give(Buffer.alloc(100_000));
    expect(pool.take(100_000).length).toBe(131_072);
  });

  it('keeps no more than 64 MiB', () => {
    const pool = new BufferPool();
    const all = Array.from({ length: 6 }, () => pool.take(16 * 1024 * 1024));
    all.forEach((buffer) => pool.give(buffer));
    const again = Array.from({ length: 6 }, () => pool.take(16 * 1024 * 1024));
    expect(again.filter((buffer) => all.includes(buffer))).toHaveLength(4);
  });
});
