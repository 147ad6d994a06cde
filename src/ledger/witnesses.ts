import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Counter, Gauge } from 'prom-client';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { Mailer } from '../mail/mailer';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { LedgerStore, StoredCheckpoint } from './ledger-store';
import { Witness } from './witness';
import { appendToFile, mailText, postToUrl, witnessLine } from './witness-places';

/**
 * Takes new checkpoints out of the reach of whoever rules the database: to a file, to a webhook, and once a day by mail. Each place
 * is tried by itself until it takes them; none keeps the sealer waiting.
 */
@Injectable()
export class Witnesses {
  private readonly prompt: Witness[] = [];
  private readonly mail: Witness | undefined;
  /** The day (UTC) whose mail is on its way or sent. */
  private mailedDay: string | undefined;

  private readonly deliveries = new Counter({
    name: 'audit_witness_deliveries_total',
    help: 'Attempts to hand checkpoints to a witness',
    labelNames: ['witness', 'outcome'],
  });
  private readonly failing = new Gauge({
    name: 'audit_witness_failing',
    help: '1 while a witness does not take checkpoints',
    labelNames: ['witness'],
  });

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly clock: Clock,
    private readonly store: LedgerStore,
    private readonly mailer: Mailer,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {
    const { file, url, mailTo } = config.witness;
    if (file !== undefined) this.prompt.push(this.witness('file', (batch) => appendToFile(file, batch)));
    if (url !== undefined) this.prompt.push(this.witness('webhook', (batch) => postToUrl(url, batch)));
    if (mailTo.length > 0) this.mail = this.witness('mail', (batch) => this.sendMail(mailTo, batch));
  }

  /** Returns at once; failures are logged, counted and tried again. */
  announce(checkpoints: readonly StoredCheckpoint[]): void {
    for (const witness of this.prompt) witness.announce(checkpoints);
  }

  /** Mails the newest checkpoints if this day's mail was not sent yet; does not wait for the mail. */
  async daily(): Promise<void> {
    const day = dayOf(this.clock.now());
    if (!this.mail || this.mailedDay === day) return;
    if ((await this.redis.get(this.keys.witnessMailDay())) !== day) {
      const checkpoints = await this.store.newestCheckpoints();
      if (checkpoints.length === 0) return;
      this.mail.announce(checkpoints);
    }
    this.mailedDay = day;
  }

  failures(): { name: string; since: number; reason: string }[] {
    return this.all().flatMap(({ name, failure }) => (failure ? [{ name, ...failure }] : []));
  }

  /** Gives what waits one last attempt. */
  async stop(): Promise<void> {
    await Promise.all(this.all().map((witness) => witness.stop()));
  }

  private all(): Witness[] {
    return this.mail ? [...this.prompt, this.mail] : this.prompt;
  }

  private witness(name: string, deliver: (checkpoints: StoredCheckpoint[]) => Promise<void>): Witness {
    this.failing.set({ witness: name }, 0);
    return new Witness(
      name,
      deliver,
      () => this.clock.now(),
      (witness, outcome) => {
        this.deliveries.inc({ witness, outcome });
        this.failing.set({ witness }, outcome === 'taken' ? 0 : 1);
      },
    );
  }

  private async sendMail(to: readonly string[], checkpoints: readonly StoredCheckpoint[]): Promise<void> {
    const day = dayOf(this.clock.now());
    const text = mailText(checkpoints);
    const lines = checkpoints.map(witnessLine).join('');
    await this.mailer.send({
      id: `checkpoints-${day}`,
      to: to.join(', '),
      subject: `Checkpoints of the audit ledgers, ${day}`,
      text,
      html: `<pre>${text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)}</pre>`,
      attachments: [
        { filename: `checkpoints-${day}.ndjson`, content: Buffer.from(lines), contentType: 'application/x-ndjson' },
      ],
    });
    await this.redis.set(this.keys.witnessMailDay(), day);
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
