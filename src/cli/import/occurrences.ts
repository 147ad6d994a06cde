import { createHash } from 'node:crypto';

/**
 * Numbers identical lines: 0 for the first, 1 for the next, so that real repetitions become events of their own, while the
 * same stretch of lines in another file (rotation, a copy) gets the same numbers again.
 *
 * Memory is bounded: only the `capacity` lines seen last are remembered. A line that returns after more distinct ones than
 * that counts as a copy of the first, which for lines that carry their time it nearly always is.
 */
export class Occurrences {
  private readonly seen = new Map<string, number>();

  constructor(private readonly capacity = 200_000) {}

  next(content: string): number {
    const key = createHash('sha256').update(content).digest('base64').slice(0, 20);
    const number = (this.seen.get(key) ?? -1) + 1;
    this.seen.delete(key);
    this.seen.set(key, number);
    if (this.seen.size > this.capacity) {
      const oldest = this.seen.keys().next();
      if (!oldest.done) this.seen.delete(oldest.value);
    }
    return number;
  }
}
