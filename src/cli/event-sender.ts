import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { z } from 'zod';
import { AppError, FieldProblem } from '../common/app-error';
import { AuditClient, parseJson, refusal } from './client';

const compress = promisify(gzip);
/** As many refusals as one answer lists. */
const MAX_EVENTS = 1000;
const MAX_BYTES = 2 * 1024 * 1024;
const IN_FLIGHT = 2;

const receipt = z.object({
  accepted: z.number(),
  rejected: z.number(),
  errors: z
    .array(
      z.object({
        index: z.number(),
        problems: z.array(z.object({ path: z.string(), message: z.string() })),
      }),
    )
    .default([]),
});

export interface SenderHooks<Origin> {
  /** An event was refused by the server. */
  onRejected: (origin: Origin, problems: FieldProblem[]) => void;
  onRetry?: (reason: string, waitMs: number) => void;
}

/**
 * Sends events in requests of bounded size, two at a time. Every event must have its own id: a request is repeated, for up
 * to ten minutes, when its outcome is not known. After an error, `add` and `finish` throw it.
 */
export class EventSender<Origin> {
  accepted = 0;
  rejected = 0;
  private lines: string[] = [];
  private origins: Origin[] = [];
  private bytes = 0;
  private readonly inFlight = new Set<Promise<void>>();
  private failure: unknown;

  constructor(
    private readonly client: Pick<AuditClient, 'request' | 'url'>,
    private readonly hooks: SenderHooks<Origin>,
  ) {}

  /** `origin` is handed back if the server refuses the event. Waits while enough is under way. */
  async add(event: { id: string }, origin: Origin): Promise<void> {
    const line = JSON.stringify(event);
    if (this.bytes + line.length > MAX_BYTES || this.lines.length >= MAX_EVENTS) await this.flush();
    this.lines.push(line);
    this.origins.push(origin);
    this.bytes += line.length + 1;
  }

  /** Resolves when everything was answered. */
  async finish(): Promise<void> {
    await this.flush();
    await Promise.all(this.inFlight);
    this.rethrow();
  }

  private async flush(): Promise<void> {
    while (this.inFlight.size >= IN_FLIGHT) await Promise.race(this.inFlight);
    this.rethrow();
    if (this.lines.length === 0) return;
    const { lines, origins } = this;
    this.lines = [];
    this.origins = [];
    this.bytes = 0;
    const request = this.send(lines, origins)
      .catch((error: unknown) => {
        this.failure ??= error;
      })
      .finally(() => this.inFlight.delete(request));
    this.inFlight.add(request);
  }

  private rethrow(): void {
    if (this.failure !== undefined) throw this.failure as Error;
  }

  private async send(lines: string[], origins: Origin[]): Promise<void> {
    const text = lines.join('\n');
    const headers: Record<string, string> = { 'content-type': 'application/x-ndjson' };
    const local = /^(localhost|127\.|\[::1\])/.test(new URL(this.client.url).hostname);
    if (!local) headers['content-encoding'] = 'gzip';
    const body = local ? text : await compress(text);
    const options = { body, headers, repeatable: true, retryForMs: 600_000, onRetry: this.hooks.onRetry };
    let response: Response;
    try {
      response = await this.client.request('POST', 'events', options, [422]);
    } catch (error) {
      // The server's caps may be set lower than ours.
      if (!(error instanceof AppError && error.status === 413) || lines.length === 1) throw error;
      const half = lines.length >> 1;
      await this.send(lines.slice(0, half), origins.slice(0, half));
      return this.send(lines.slice(half), origins.slice(half));
    }
    this.take(response.status, await response.text(), origins);
  }

  private take(status: number, body: string, origins: Origin[]): void {
    const parsed = receipt.safeParse(parseJson(body));
    // A 422 may also be a problem document about the request as a whole.
    if (!parsed.success) throw refusal(status, body, null);
    const answer = parsed.data;
    this.accepted += answer.accepted;
    this.rejected += answer.rejected;
    for (const { index, problems } of answer.errors) {
      const origin = origins[index];
      if (origin !== undefined) this.hooks.onRejected(origin, problems);
    }
  }
}
