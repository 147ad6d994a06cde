import { ChildProcess, spawn, SpawnOptions } from 'node:child_process';
import { Logger } from '@nestjs/common';

/** How to start a process and how to tell that it serves. */
export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  options: SpawnOptions;
  /** Resolves once the process that was just started serves; rejects when it never will. */
  ready: (child: ChildProcess) => Promise<void>;
  /** How to ask it to end: a signal, or `stdin` for one that serves until its standard input closes. */
  stop: 'SIGTERM' | 'stdin';
  /** Ms it gets to end by itself. */
  graceMs: number;
}

const BACKOFF_MS = [100, 200, 500, 1000, 2000, 5000];
/** A process that lived this long starts over with the shortest pause. */
const STABLE_MS = 30_000;

/** A child process that is started again, with growing pauses, whenever it ends without having been asked to. */
export class SupervisedChild {
  private readonly log: Logger;
  private process: ChildProcess | undefined;
  private stopping = false;
  private served = false;
  private failures = 0;
  private pause: NodeJS.Timeout | undefined;

  constructor(
    private readonly spec: ChildSpec,
    private readonly onReady: (child: ChildProcess) => void = () => {},
    /** Pauses before the first, second … start after a failure; the last one repeats. */
    private readonly backoffMs: readonly number[] = BACKOFF_MS,
  ) {
    this.log = new Logger(spec.name);
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Starts it and waits until it serves. A first start that fails rejects; later ones are retried for ever. */
  async start(): Promise<void> {
    await this.launch();
  }

  private async launch(): Promise<void> {
    const child = spawn(this.spec.command, this.spec.args, this.spec.options);
    const startedAt = Date.now();
    this.process = child;
    // Writing to a child that died must not end us; its exit is what we act on.
    child.stdin?.on('error', (error) => this.log.debug(`standard input: ${error.message}`));
    const ended = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`${this.spec.name} ended (${signal ?? `exit ${code}`})`)));
    });
    ended.catch((error: Error) => {
      if (this.stopping || !this.served || this.process !== child) return;
      if (Date.now() - startedAt > STABLE_MS) this.failures = 0;
      const wait = this.backoffMs[Math.min(this.failures++, this.backoffMs.length - 1)] ?? 5000;
      this.log.error(`${error.message}; starting it again in ${wait} ms`);
      this.pause = setTimeout(() => {
        this.launch().catch((failure: Error) => this.log.error(`did not come up: ${failure.message}`));
      }, wait);
    });
    await Promise.race([this.spec.ready(child), ended]);
    this.served = true;
    this.log.log(`serves (pid ${child.pid})`);
    this.onReady(child);
  }

  /** Asks it to end, waits, and kills it past its grace. Idempotent. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.pause);
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (this.spec.stop === 'stdin') child.stdin?.end();
    else child.kill(this.spec.stop);
    const deadline = setTimeout(() => {
      this.log.warn(`did not end within ${this.spec.graceMs} ms; killing it`);
      child.kill('SIGKILL');
    }, this.spec.graceMs);
    await exited;
    clearTimeout(deadline);
  }
}

/** Calls `probe` until it resolves, at most `timeoutMs`; rejects with the last failure. */
export async function until(probe: () => Promise<unknown>, timeoutMs: number, everyMs = 50): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      await probe();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
