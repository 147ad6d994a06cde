import { appendFile } from 'node:fs/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Config, CONFIG } from '../config/config';
import type { StoredCheckpoint } from './ledger-store';

/** How often a webhook is asked to take the same checkpoints, and how long between two attempts at most, ms. */
const ATTEMPTS = 8;
const MAX_PAUSE_MS = 60_000;
const TIMEOUT_MS = 10_000;

/**
 * Takes new checkpoints out of the reach of whoever rules the database: to a file and to a webhook. Only the newest of each tenant
 * counts, since it covers those before; while a witness is away, newer ones take the place of older ones.
 */
@Injectable()
export class Witnesses {
  private readonly log = new Logger('Witness');
  private readonly waiting = new Map<string, StoredCheckpoint>();
  private sending: Promise<void> | undefined;

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /** Returns at once; failures are logged and tried again. */
  announce(checkpoints: readonly StoredCheckpoint[]): void {
    const { file, url } = this.config.witness;
    if ((!file && !url) || checkpoints.length === 0) return;
    for (const checkpoint of checkpoints) this.waiting.set(checkpoint.tenant, checkpoint);
    this.sending ??= this.send().finally(() => (this.sending = undefined));
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.sending;
  }

  private async send(): Promise<void> {
    while (this.waiting.size > 0) {
      const batch = [...this.waiting.values()];
      this.waiting.clear();
      const lines = batch.map(witnessLine).join('');
      const { file, url } = this.config.witness;
      // One is not kept from its checkpoints by the other.
      await Promise.all([
        file && this.attempt(`file ${file}`, () => appendFile(file, lines, { mode: 0o600, flush: true })),
        url && this.attempt(`webhook ${new URL(url).host}`, () => post(url, lines)),
      ]);
    }
  }

  private async attempt(witness: string, deliver: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await deliver();
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (attempt === ATTEMPTS) {
          this.log.error(`${witness} did not take a checkpoint after ${ATTEMPTS} attempts: ${reason}`);
          return;
        }
        this.log.warn(`${witness} did not take a checkpoint: ${reason}`);
        await new Promise((resolve) => setTimeout(resolve, Math.min(MAX_PAUSE_MS, 250 * 2 ** attempt)));
      }
    }
  }
}

/** One line of JSON: `{"tenant", "size", "signedAt", "note"}`. `mcp-audit verify --checkpoint` reads files of them. */
export function witnessLine({ tenant, size, note, signedAt }: StoredCheckpoint): string {
  return `${JSON.stringify({ tenant, size, signedAt: new Date(signedAt).toISOString(), note })}\n`;
}

async function post(url: string, lines: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    body: lines,
    headers: { 'content-type': 'application/x-ndjson' },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
}
