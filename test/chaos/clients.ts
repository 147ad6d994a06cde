import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../src/cli/demo/random';
import { uuidV7 } from '../../src/events/uuid';
import { Book, descriptionOf, Sent } from './book';
import { Journal } from './journal';

/** How a client makes its requests repeatable. */
const HABITS = ['idempotency key', 'own ids', 'neither'] as const;
type Habit = (typeof HABITS)[number];

const TYPES = [
  'LOGIN_SUCCESS',
  'LOGIN_FAILED',
  'DATA_READ',
  'DATA_UPDATED',
  'FINANCIAL_TRANSACTION',
  'CONSENT_GRANTED',
];
const ANSWER_MS = 20_000;
const SMALL = 40;
const BURST = 1500;
/** People who act at the same time, and after how many events of a client the oldest of them is followed by a new one. */
const USERS = 50;
const EVENTS_PER_NEW_USER = 200;

export interface ClientOptions {
  name: string;
  urls: string[];
  key: string;
  tenant: string;
  random: Random;
  journal: Journal;
  book: Book;
  /** Events per second that this client tries to send on average. */
  rate: number;
  /** Whether it makes requests that can be repeated, and repeats them; otherwise each event is sent once. */
  repeats: boolean;
}

export interface ClientCounts {
  requests: number;
  acknowledged: number;
  refused: number;
  unknown: number;
  /** Attempts that found nobody listening. */
  unreachable: number;
  repeats: number;
  /** Answers that no fault of the system's surroundings explains. */
  unexpected: string[];
}

type Outcome =
  | { kind: 'acknowledged'; receipts: { id: string; checksum: string }[] }
  | { kind: 'refused'; retryAfterMs: number; status: number }
  | { kind: 'unreachable' }
  | { kind: 'unknown' };

interface Batch {
  entries: Sent[];
  body: string;
  key: string | undefined;
}

/**
 * A sender as an application would be one. Every 202 is in the journal, on disk, before the next step. Requests that can be
 * repeated safely are repeated until they are acknowledged; the others are sent once.
 */
export class Client {
  readonly counts: ClientCounts = {
    requests: 0,
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    unreachable: 0,
    repeats: 0,
    unexpected: [],
  };
  private made = 0;

  constructor(private readonly options: ClientOptions) {}

  /** Sends until `stop` is aborted, then finishes what it began; rejects if that is not possible within `settleMs`. */
  async run(stop: AbortSignal, settleMs: number): Promise<void> {
    const { random, rate } = this.options;
    const habits = this.options.repeats ? HABITS : (['neither'] as const);
    const giveUp = new AbortController();
    const settle = () => setTimeout(() => giveUp.abort(), settleMs).unref();
    stop.addEventListener('abort', settle, { once: true });
    while (!stop.aborted) {
      const size = random.chance(0.08) ? random.int(BURST / 2, BURST) : random.int(1, SMALL);
      await this.step(random.pick(habits), size, giveUp.signal);
      await pause((size / rate) * 2000 * random.next(), undefined, { signal: stop }).catch(() => undefined);
    }
  }

  private async step(habit: Habit, size: number, giveUp: AbortSignal): Promise<void> {
    const { random } = this.options;
    if (habit === 'neither') return this.sendOnce(this.batch(size, habit));
    const batch = this.batch(size, habit);
    const twice = habit === 'own ids' && random.chance(0.2);
    await Promise.all([this.sendUntilKnown(batch, giveUp), twice ? this.sendUntilKnown(batch, giveUp) : undefined]);
    if (habit === 'own ids' && random.chance(0.2)) {
      this.counts.repeats += 1;
      await this.sendUntilKnown(batch, giveUp);
    }
    if (habit === 'own ids' && random.chance(0.1)) {
      await this.sendUntilKnown(this.conflictWith(batch), giveUp);
    }
  }

  private batch(size: number, habit: Habit): Batch {
    const { book, tenant } = this.options;
    const entries = Array.from({ length: size }, () =>
      book.add(this.token(), tenant, habit === 'own ids' ? uuidV7(Date.now()) : undefined),
    );
    const key = habit === 'idempotency key' ? `${this.options.name}-${this.made}` : undefined;
    return { entries, body: this.bodyOf(entries), key };
  }

  /** Another event under an id that is taken. */
  private conflictWith(batch: Batch): Batch {
    const { book, tenant, random } = this.options;
    const entries = [book.add(this.token(), tenant, random.pick(batch.entries).id, true)];
    return { entries, body: this.bodyOf(entries), key: undefined };
  }

  private token(): string {
    return `${this.options.name}-${this.made++}`;
  }

  private bodyOf(entries: Sent[]): string {
    const { random } = this.options;
    // People come and go, so that there are first times, and new alerts, for as long as the run lasts.
    const newest = Math.floor(this.made / EVENTS_PER_NEW_USER);
    return entries
      .map(({ id, token }) =>
        JSON.stringify({
          id,
          eventType: random.pick(TYPES),
          description: descriptionOf(token),
          context: {
            userId: `user-${newest + random.int(1, USERS)}`,
            ipAddress: `203.0.113.${random.int(1, 254)}`,
            resourceType: 'document',
            resourceId: `doc-${random.int(1, 500)}`,
            correlationId: token,
          },
        }),
      )
      .join('\n');
  }

  /** One attempt. If nothing was stored it stays so: the events are not sent again. */
  private async sendOnce(batch: Batch): Promise<void> {
    const outcome = await this.attempt(batch);
    if (outcome.kind === 'refused' || outcome.kind === 'unreachable')
      for (const entry of batch.entries) entry.refused = true;
  }

  private async sendUntilKnown(batch: Batch, giveUp: AbortSignal): Promise<void> {
    for (;;) {
      const outcome = await this.attempt(batch);
      if (outcome.kind === 'acknowledged') return;
      if (giveUp.aborted) throw new Error(`${this.options.name} could not finish after the system was healed`);
      const wait = outcome.kind === 'refused' ? Math.min(outcome.retryAfterMs, 1000) : 200;
      await pause(wait * (0.5 + this.options.random.next()));
    }
  }

  private async attempt(batch: Batch): Promise<Outcome> {
    const outcome = await this.post(batch);
    this.counts.requests += 1;
    this.counts[outcome.kind] += 1;
    if (outcome.kind === 'unknown') for (const entry of batch.entries) entry.unknown = true;
    if (outcome.kind === 'acknowledged') {
      await this.options.journal.write({ at: Date.now(), tenant: this.options.tenant, receipts: outcome.receipts });
      for (const [i, receipt] of outcome.receipts.entries()) batch.entries[i]?.acknowledged.push(receipt);
    }
    return outcome;
  }

  private async post({ body, key, entries }: Batch): Promise<Outcome> {
    const { urls, key: apiKey, tenant, random } = this.options;
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(`${random.pick(urls)}/audit/api/events?receipts=true`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'x-tenant': tenant,
          'content-type': 'application/x-ndjson',
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        body,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      text = await answer.text();
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      return { kind: code === 'ECONNREFUSED' ? 'unreachable' : 'unknown' };
    }
    if (answer.status === 202) {
      const { receipts } = JSON.parse(text) as { receipts: { id: string; checksum: string }[] };
      if (receipts.length === entries.length) return { kind: 'acknowledged', receipts };
    }
    const refusal = readProblem(text);
    if (answer.status === 503 && refusal.code === 'OUTCOME_UNKNOWN') return { kind: 'unknown' };
    if (answer.status === 503 || answer.status === 429) {
      return {
        kind: 'refused',
        status: answer.status,
        retryAfterMs: Number(answer.headers.get('retry-after') ?? 1) * 1000,
      };
    }
    this.counts.unexpected.push(`${answer.status} ${text.slice(0, 300)}`);
    return { kind: 'unknown' };
  }
}

function readProblem(text: string): { code?: string } {
  try {
    return JSON.parse(text) as { code?: string };
  } catch {
    return {};
  }
}
