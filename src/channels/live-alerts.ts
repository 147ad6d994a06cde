import { Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Principal } from '../access/principal';
import { Standing } from '../access/standing';
import type { AlertTransition } from '../alerts/transition';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { AlertSteps } from './alert-steps';

const EVERY_MS = 500;
const HEARTBEAT_MS = 15_000;
const PAGE = 100;
const MAX_STREAMS = 200;

/** Follows the steps of a tenant's alerts as server-sent events. */
@Injectable()
export class LiveAlerts implements OnModuleDestroy {
  private readonly log = new Logger('LiveAlerts');
  private readonly open = new Set<AbortController>();

  constructor(
    private readonly steps: AlertSteps,
    private readonly standing: Standing,
    private readonly clock: Clock,
  ) {}

  onModuleDestroy(): void {
    for (const stream of this.open) stream.abort();
  }

  /**
   * The text of a stream behind the place `last`, or from now on. It ends when `stream` is aborted (the caller's duty when
   * nobody listens any more) and when the caller's key is no longer in force.
   * @throws AppError 503 if there are too many streams
   */
  async follow(caller: Principal, last: string | undefined, stream: AbortController): Promise<AsyncGenerator<string>> {
    if (this.open.size >= MAX_STREAMS) {
      throw new AppError('TOO_MANY_STREAMS', 503, 'too many streams are open; close one, or try again later', {
        retryAfter: 30,
      });
    }
    const place = last ?? (await this.steps.end(caller.tenant));
    this.open.add(stream);
    stream.signal.addEventListener('abort', () => this.open.delete(stream), { once: true });
    return this.texts(caller, place, stream.signal);
  }

  private async *texts(caller: Principal, from: string, signal: AbortSignal): AsyncGenerator<string> {
    let place = from;
    yield `retry: 2000\nid: ${place}\n\n`;
    let spoke = this.clock.now();
    while (!signal.aborted) {
      try {
        if (!(await this.standing.holds(caller))) return;
        const found = await this.steps.after(caller.tenant, place, PAGE);
        if (found.length > 0) yield found.map((one) => textOf(one.place, one.step)).join('');
        place = found.at(-1)?.place ?? place;
        if (found.length > 0) spoke = this.clock.now();
      } catch (error) {
        // The reader keeps the connection: a break would only make all of them knock at once.
        this.log.warn(`a stream of ${caller.tenant} waits: ${error instanceof Error ? error.message : String(error)}`);
      }
      await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (this.clock.now() - spoke >= HEARTBEAT_MS) {
        yield `: heartbeat\nid: ${place}\n\n`;
        spoke = this.clock.now();
      }
    }
  }
}

const textOf = (place: string, { id, kind, at, by, alert }: AlertTransition): string =>
  `id: ${place}\nevent: ${kind}\ndata: ${JSON.stringify({ step: id, kind, at: new Date(at).toISOString(), by, alert })}\n\n`;
