import { retryDelay } from './retry';

/** When the server may be asked again after it failed. */
export class Pause {
  private failures = 0;
  private until = 0;
  private asked = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly longestMs: number,
    private readonly onEnd: () => void,
  ) {}

  /** Whether the last attempt failed. */
  get failing(): boolean {
    return this.failures > 0;
  }

  get over(): boolean {
    return Date.now() >= this.until;
  }

  /** @param afterMs what the server asked for */
  fail(afterMs: number | undefined): void {
    this.failures += 1;
    const wait = retryDelay(this.failures, afterMs, this.longestMs, Math.random());
    this.until = Date.now() + wait;
    this.asked = afterMs !== undefined;
    this.cancel();
    // One ms more, since timers may be early by less than that.
    this.timer = setTimeout(this.onEnd, wait + 1).unref();
  }

  succeed(): void {
    this.failures = 0;
    this.until = 0;
  }

  /** Ends a pause of our own choice early; one that the server asked for is kept. */
  cutShort(): void {
    if (!this.asked) this.until = 0;
  }

  cancel(): void {
    clearTimeout(this.timer);
  }
}
