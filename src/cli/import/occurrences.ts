import { createHash } from 'node:crypto';

/**
 * Numbers identical lines: 0 for the first, 1 for the next, so that real repetitions become events of their own, while the
 * same stretch of lines in another file (rotation, a copy) gets the same numbers again.
 *
 * Memory is bounded: at least the `capacity` distinct lines seen last are remembered, in two generations, since a Map from
 * which the oldest key is taken again and again gets slower and slower. A line that returns after more distinct ones than
 * that counts as a copy of the first, which for lines that carry their time it nearly always is.
 */
export class Occurrences {
  private recent = new Map<string, number>();
  private older = new Map<string, number>();

  constructor(private readonly capacity = 100_000) {}

  next(content: string): number {
    const key = createHash('sha256').update(content).digest('base64').slice(0, 20);
    const number = (this.recent.get(key) ?? this.older.get(key) ?? -1) + 1;
    this.recent.set(key, number);
    if (this.recent.size >= this.capacity) {
      this.older = this.recent;
      this.recent = new Map();
    }
    return number;
  }
}
