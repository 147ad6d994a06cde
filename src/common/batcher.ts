/** Calls back once after `ms`; returns how to cancel. */
export type Timer = (callback: () => void, ms: number) => () => void;

export interface BatcherOptions<T> {
  /** Size of an item, in whatever unit `maxSize` has. */
  sizeOf: (item: T) => number;
  /** Size that makes a batch full. A single larger item makes a batch of its own. */
  maxSize: number;
  /** How long the first item of a batch waits for others, ms. */
  maxAgeMs: number;
  /** A batch that is not full also waits until so long after the start of the one before, ms; 0 by default. */
  spacingMs?: number;
  /** Does what is to be done with a batch; resolves only when that is done for good. */
  flush: (items: T[]) => Promise<void>;
  /** Batches that are flushed at the same time, while the next one collects. */
  maxFlushes?: number;
  timer?: Timer;
  /** Any steady clock, ms. */
  now?: () => number;
}

interface Waiting<T> {
  item: T;
  size: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

const realTimer: Timer = (callback, ms) => {
  const handle = setTimeout(callback, ms);
  return () => clearTimeout(handle);
};

/** Groups what comes in at the same time, by size and age, so that many share the price of one flush. */
export class Batcher<T> {
  private readonly waiting: Waiting<T>[] = [];
  private waitingSize = 0;
  private due = false;
  private lastStart = -Infinity;
  private cancelTimer: (() => void) | undefined;
  private readonly flushes = new Set<Promise<void>>();
  private readonly options: Required<BatcherOptions<T>>;

  constructor(options: BatcherOptions<T>) {
    this.options = { maxFlushes: 2, spacingMs: 0, timer: realTimer, now: () => performance.now(), ...options };
  }

  /** Resolves when the item's batch is flushed; rejects with what its flush rejected with, and then its fate is unknown. */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      const size = this.options.sizeOf(item);
      this.waiting.push({ item, size, resolve, reject });
      this.waitingSize += size;
      this.proceed();
    });
  }

  /**
   * Flushes what waits now without waiting for its age; resolves when that is done and so is what was being flushed, however
   * much comes in meanwhile. Never rejects.
   */
  async drain(): Promise<void> {
    const held = new Set(this.waiting);
    for (let first = this.waiting[0]; first && held.has(first); first = this.waiting[0]) {
      this.due = true;
      this.proceed();
      if (this.waiting[0] === first) await Promise.race(this.flushes);
    }
    await Promise.all(this.flushes);
  }

  private proceed(): void {
    while (
      this.waiting.length > 0 &&
      (this.due || this.waitingSize >= this.options.maxSize) &&
      this.flushes.size < this.options.maxFlushes
    ) {
      this.start(this.take());
    }
    if (this.waiting.length > 0 && !this.due && !this.cancelTimer) {
      this.cancelTimer = this.options.timer(() => {
        this.cancelTimer = undefined;
        this.due = true;
        this.proceed();
      }, this.patience());
    }
  }

  /** How long a batch that begins now may wait, ms. */
  private patience(): number {
    const { maxAgeMs, spacingMs, now } = this.options;
    return Math.max(maxAgeMs, this.lastStart + spacingMs - now());
  }

  /** The items of the next batch. Those left behind start a new age. */
  private take(): Waiting<T>[] {
    let total = 0;
    let count = 0;
    for (const { size } of this.waiting) {
      if (count > 0 && total + size > this.options.maxSize) break;
      total += size;
      count += 1;
    }
    this.waitingSize -= total;
    this.due = false;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    return this.waiting.splice(0, count);
  }

  private start(taken: Waiting<T>[]): void {
    this.lastStart = this.options.now();
    const flush = this.options.flush(taken.map((w) => w.item)).then(
      () => taken.forEach((w) => w.resolve()),
      (error: unknown) => taken.forEach((w) => w.reject(error)),
    );
    const ended = flush.finally(() => {
      this.flushes.delete(ended);
      this.proceed();
    });
    this.flushes.add(ended);
  }
}
