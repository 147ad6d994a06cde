import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Clock } from '../common/clock';
import { ErasureFinisher } from './erasure-finisher';
import { ErasureStore } from './erasure-store';
import { KeyDestroyer } from './key-destroyer';

const EVERY_MS = 15_000;
/** A younger erasure is still in the hands of the process that began it. */
const ABANDONED_MS = 60_000;
const PATIENCE_MS = 60_000;

/** Finishes erasures whose process died or gave up, and destroys again what came back. */
@Injectable()
export class ErasureResumer {
  private readonly log = new Logger('Erasure');
  private running = false;

  constructor(
    private readonly store: ErasureStore,
    private readonly finisher: ErasureFinisher,
    private readonly destroyer: KeyDestroyer,
    private readonly clock: Clock,
  ) {}

  @Interval(EVERY_MS)
  protected async resumeRegularly(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await this.resume(ABANDONED_MS)
      .catch((error: Error) => this.log.warn(`erasures not resumed: ${error.message}`))
      .finally(() => (this.running = false));
  }

  /** Finishes those begun longer than `ageMs` ago; returns how many. */
  async resume(ageMs: number): Promise<number> {
    let finished = 0;
    for (const erasure of await this.store.unfinished(this.clock.now() - ageMs)) {
      this.log.log(`finishing erasure ${erasure.id} of tenant ${erasure.tenant}`);
      try {
        await this.finisher.finish(erasure, Date.now() + PATIENCE_MS);
        finished += 1;
      } catch (error) {
        this.log.warn(
          `erasure ${erasure.id} is not finished yet: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    for (const { tenant, references } of await this.store.revenants()) {
      this.log.warn(`${references.length} erased key(s) of tenant ${tenant} had come back and are destroyed again`);
      await this.destroyer.destroy(tenant, references, Date.now() + PATIENCE_MS);
    }
    return finished;
  }
}
