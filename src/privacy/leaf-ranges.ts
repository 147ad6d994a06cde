import { createHash } from 'node:crypto';

/** Leaf indices from `first` to `last`, both included. */
export type LeafRange = readonly [first: number, last: number];

/** Groups leaf indices that come in rising order into ranges. */
export class RangeCollector {
  private readonly ranges: [number, number][] = [];
  private total = 0;

  /** @throws TypeError for an index that is not greater than the one before, which is a defect */
  add(leaf: number): void {
    const current = this.ranges.at(-1);
    if (current && leaf <= current[1]) throw new TypeError(`leaf ${leaf} comes after ${current[1]}`);
    if (current && leaf === current[1] + 1) current[1] = leaf;
    else this.ranges.push([leaf, leaf]);
    this.total += 1;
  }

  get count(): number {
    return this.total;
  }

  get rangeCount(): number {
    return this.ranges.length;
  }

  /** What was collected; the collector is empty afterwards. */
  take(): { ranges: LeafRange[]; count: number } {
    const taken = { ranges: this.ranges.splice(0), count: this.total };
    this.total = 0;
    return taken;
  }
}

/** SHA-256 over the bounds of all ranges, each as 64 bits, little-endian; hex. */
export function hashRanges(ranges: readonly LeafRange[]): string {
  const bytes = Buffer.alloc(ranges.length * 16);
  ranges.forEach(([first, last], i) => {
    bytes.writeBigUInt64LE(BigInt(first), i * 16);
    bytes.writeBigUInt64LE(BigInt(last), i * 16 + 8);
  });
  return createHash('sha256').update(bytes).digest('hex');
}

export const countLeaves = (ranges: readonly LeafRange[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
