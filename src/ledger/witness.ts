import { Logger } from '@nestjs/common';
import type { StoredCheckpoint } from './ledger-store';

/** Since when a witness has taken nothing (ms since the epoch), and why. */
export interface WitnessFailure {
  since: number;
  reason: string;
}

/** What is told of every attempt to deliver. */
export type Delivered = (name: string, outcome: 'taken' | 'failed') => void;

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 60_000;

/**
 * Hands new checkpoints to one place, one delivery after the other, for ever: a place that is away gets, when it is back, the newest
 * of each tenant, which cover those that it missed.
 */
export class Witness {
  private readonly log = new Logger('Witness');
  private waiting = new Map<string, StoredCheckpoint>();
  private running: Promise<void> | undefined;
  private lastFailure: WitnessFailure | undefined;
  private stopped = false;
  private wake: () => void = () => {};

  constructor(
    readonly name: string,
    private readonly deliver: (checkpoints: StoredCheckpoint[]) => Promise<void>,
    private readonly now: () => number,
    private readonly delivered: Delivered,
    private readonly firstPauseMs = FIRST_PAUSE_MS,
  ) {}

  /** Returns at once. */
  announce(checkpoints: readonly StoredCheckpoint[]): void {
    for (const checkpoint of checkpoints) this.waiting.set(checkpoint.tenant, checkpoint);
    if (this.waiting.size > 0 && !this.stopped) {
      this.running ??= this.run().finally(() => {
        this.running = undefined;
        this.announce([]);
      });
    }
  }

  /** Undefined while all is well. */
  get failure(): WitnessFailure | undefined {
    return this.lastFailure;
  }

  /** Gives what waits one last attempt. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    for (let failures = 0; this.waiting.size > 0;) {
      const batch = this.waiting;
      this.waiting = new Map();
      try {
        await this.deliver([...batch.values()]);
        this.delivered(this.name, 'taken');
        if (this.lastFailure) this.log.log(`the witness ${this.name} takes checkpoints again`);
        this.lastFailure = undefined;
        failures = 0;
      } catch (error) {
        this.waiting = new Map([...batch, ...this.waiting]);
        this.failed(error instanceof Error ? error.message : String(error));
        if (this.stopped) return;
        await this.pause(Math.min(MAX_PAUSE_MS, this.firstPauseMs * 2 ** Math.min(failures++, 20)));
      }
    }
  }

  /** The same reason is said once. */
  private failed(reason: string): void {
    this.delivered(this.name, 'failed');
    if (this.lastFailure?.reason !== reason) {
      this.log.warn(`the witness ${this.name} did not take a checkpoint: ${reason}; it is tried again until it does`);
    }
    this.lastFailure = { since: this.lastFailure?.since ?? this.now(), reason };
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
