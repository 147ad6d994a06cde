import type { WindowEntry } from './window-entry';

/** What the events of a window amount to, kept up to date as they come and go. */
export class Tally {
  events = 0;
  sum = 0;
  private readonly counts: Map<string, number> | undefined;

  /** @param distinct whether different values are counted */
  constructor(distinct: boolean) {
    this.counts = distinct ? new Map() : undefined;
  }

  get different(): number {
    return this.counts?.size ?? 0;
  }

  add({ n, v, d }: WindowEntry): void {
    this.events += n ?? 1;
    this.sum += v ?? 0;
    if (this.counts && d !== undefined) this.counts.set(d, (this.counts.get(d) ?? 0) + 1);
  }

  remove({ n, v, d }: WindowEntry): void {
    this.events -= n ?? 1;
    this.sum -= v ?? 0;
    if (!this.counts || d === undefined) return;
    const left = (this.counts.get(d) ?? 0) - 1;
    if (left > 0) this.counts.set(d, left);
    else this.counts.delete(d);
  }
}
