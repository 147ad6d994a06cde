import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { Config, CONFIG } from '../config/config';
import { KeyActs } from './key-acts';
import { SubjectRewrapper } from './subject-rewrapper';

const ROTATE_MS = 60_000;
const RECORD_MS = 5000;

/** What the keys need regularly, in every worker: two of them at once do no harm. */
@Injectable()
export class KeyJobs {
  private readonly log = new Logger('Keys');
  private readonly running = new Set<string>();

  constructor(
    private readonly acts: KeyActs,
    private readonly rewrapper: SubjectRewrapper,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Interval(ROTATE_MS)
  protected rotateRegularly(): Promise<void> {
    return this.once('rotation', () => this.rotate());
  }

  @Interval(RECORD_MS)
  protected recordRegularly(): Promise<void> {
    return this.once('recording', async () => {
      while ((await this.acts.recordBirths()) > 0);
    });
  }

  /** Replaces keys that are due, and wraps anew what older ones wrap. */
  async rotate(): Promise<void> {
    if (this.config.keyRotationMs > 0) {
      for (const { kind, tenant, number } of await this.acts.rotateOlderThan(this.config.keyRotationMs)) {
        this.log.log(`${kind} key ${number}${tenant && ` of ${tenant}`} was made, since the one before was due`);
      }
    }
    for (const [tenant, subjects] of await this.rewrapper.run()) await this.acts.recordRewrapped(tenant, subjects);
  }

  private async once(name: string, work: () => Promise<void>): Promise<void> {
    if (this.running.has(name)) return;
    this.running.add(name);
    try {
      await work();
    } catch (error) {
      this.log.warn(`${name} of keys: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.running.delete(name);
    }
  }
}
