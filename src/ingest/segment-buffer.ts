/** The rows of one request, all of one tenant. */
export interface SegmentPart {
  tenant: string;
  rows: number;
  payload: Buffer;
}

/** Calls back once after `ms`; returns how to cancel. */
export type Timer = (callback: () => void, ms: number) => () => void;

export interface SegmentBufferOptions {
  /** Bytes that make a segment full. A single larger part makes a segment of its own. */
  maxBytes: number;
  /** How long the first part of a segment waits for others, ms. */
  maxAgeMs: number;
  /** Makes a segment durable: resolves only when it is. */
  flush: (parts: SegmentPart[]) => Promise<void>;
  /** Segments that are made durable at the same time, while the next one collects. */
  maxFlushes?: number;
  timer?: Timer;
}

interface Waiting {
  part: SegmentPart;
  resolve: () => void;
  reject: (error: unknown) => void;
}

const realTimer: Timer = (callback, ms) => {
  const handle = setTimeout(callback, ms);
  return () => clearTimeout(handle);
};

/** Group commit: the parts of concurrent requests become durable together, so that they share the price of a disk's flush. */
export class SegmentBuffer {
  private readonly waiting: Waiting[] = [];
  private waitingBytes = 0;
  private due = false;
  private cancelTimer: (() => void) | undefined;
  private readonly flushes = new Set<Promise<void>>();
  private readonly options: Required<SegmentBufferOptions>;

  constructor(options: SegmentBufferOptions) {
    this.options = { maxFlushes: 2, timer: realTimer, ...options };
  }

  /** Resolves when the part is durable; rejects with what its flush rejected with, and then its fate is unknown. */
  add(part: SegmentPart): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ part, resolve, reject });
      this.waitingBytes += part.payload.length;
      this.proceed();
    });
  }

  /** Flushes what waits without waiting for its age; resolves when nothing waits and no flush runs. Never rejects. */
  async drain(): Promise<void> {
    while (this.waiting.length > 0 || this.flushes.size > 0) {
      this.due = this.waiting.length > 0;
      this.proceed();
      await Promise.race(this.flushes);
    }
  }

  private proceed(): void {
    while (
      this.waiting.length > 0 &&
      (this.due || this.waitingBytes >= this.options.maxBytes) &&
      this.flushes.size < this.options.maxFlushes
    ) {
      this.start(this.take());
    }
    if (this.waiting.length > 0 && !this.due && !this.cancelTimer) {
      this.cancelTimer = this.options.timer(() => {
        this.cancelTimer = undefined;
        this.due = true;
        this.proceed();
      }, this.options.maxAgeMs);
    }
  }

  /** The parts of the next segment. Those left behind start a new age. */
  private take(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { part } of this.waiting) {
      if (count > 0 && bytes + part.payload.length > this.options.maxBytes) break;
      bytes += part.payload.length;
      count += 1;
    }
    this.waitingBytes -= bytes;
    this.due = false;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    return this.waiting.splice(0, count);
  }

  private start(taken: Waiting[]): void {
    const flush = this.options.flush(taken.map((w) => w.part)).then(
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
