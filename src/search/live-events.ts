import { Injectable, Logger, OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Principal } from '../access/principal';
import { Standing } from '../access/standing';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { ITEM_COLUMNS, ItemRow, toItem } from './event-item';
import type { EventFilter } from './event-query';
import { EventReader } from './event-reader';
import type { Where } from './event-where';
import { Frontier } from './frontier';
import { Bell, LandedFeed } from './landed-feed';
import { SearchStore } from './search-store';

/** How often a stream looks by itself, should it not hear of a batch. */
const TICK_MS = 1000;
export const HEARTBEAT_MS = 15_000;
/** Events read at once: with the largest envelopes 13 MB, the most that a stream holds. */
const PAGE = 200;
/** Leaf indices looked through by one query; more when there is little to find, so that long back-fills stay quick. */
const MIN_WINDOW = 20_000;
const MAX_WINDOW = 5_000_000;
const MAX_STREAMS = 500;
export const MAX_STREAMS_OF_TENANT = 100;
/** A reader who takes nothing for so long is cut off: the place is for others, and Last-Event-ID brings the reader back. */
export const STALL_MS = 120_000;
/** The reason for which a stream is aborted whose reader does not take what would tell of the end. */
export const STALLED = 'stalled';
/** How often it is looked whether streams that wait for their readers may stay. */
const WATCH_MS = 2000;

/** What one stream follows. */
interface Following {
  caller: Principal;
  where: Where;
  /** The first leaf index that was not looked at. */
  next: number;
  bell: Bell;
  signal: AbortSignal;
  /** Since when a text waits for the reader to take it. */
  offeredAt: number | undefined;
}

/** Follows the ledgers of tenants and gives out their events in order, without gaps or repeats, as server-sent events. */
@Injectable()
export class LiveEvents implements OnModuleDestroy {
  private readonly log = new Logger('LiveEvents');
  /** How to end each open stream, with its tenant. */
  private readonly open = new Map<AbortController, string>();
  private readonly followings = new Map<AbortController, Following>();

  constructor(
    private readonly store: SearchStore,
    private readonly reader: EventReader,
    private readonly frontier: Frontier,
    private readonly feed: LandedFeed,
    private readonly standing: Standing,
    private readonly clock: Clock,
  ) {}

  onModuleDestroy(): void {
    for (const stream of this.open.keys()) stream.abort();
  }

  /** Open streams of a tenant. */
  count(tenant: string): number {
    return [...this.open.values()].filter((of) => of === tenant).length;
  }

  /**
   * The text of a stream behind leaf index `last` (-1: from the first event on), or from now on if undefined. It reads on
   * only as it is read, and ends when `stream` is aborted (the caller's duty when nobody listens any more; shutdown does it
   * too) and when the caller's key or session no longer holds.
   * @throws AppError 503 if Redis is away or there are too many streams.
   */
  async follow(
    caller: Principal,
    filter: EventFilter,
    last: number | undefined,
    stream: AbortController,
  ): Promise<AsyncGenerator<string>> {
    const { tenant } = caller;
    const { signal } = stream;
    if (this.count(tenant) >= MAX_STREAMS_OF_TENANT || this.open.size >= MAX_STREAMS) {
      throw new AppError('TOO_MANY_STREAMS', 503, 'too many streams are open; close one, or try again later', {
        retryAfter: 30,
      });
    }
    const bell = this.feed.listen(tenant);
    this.open.set(stream, tenant);
    const close = () => {
      this.feed.drop(tenant, bell);
      this.open.delete(stream);
      this.followings.delete(stream);
    };
    signal.addEventListener('abort', close, { once: true });
    try {
      const where = await this.reader.where(tenant, filter);
      const now = await this.frontier.of(tenant);
      const next = last === undefined ? now : last + 1;
      const following: Following = { caller, where, next, bell, signal, offeredAt: undefined };
      if (!signal.aborted) this.followings.set(stream, following);
      return this.offered(following);
    } catch (error) {
      stream.abort();
      throw error;
    }
  }

  /** Ends streams whose readers take nothing, or whose keys were revoked while they took nothing. */
  @Interval(WATCH_MS)
  protected async watch(): Promise<void> {
    const now = this.clock.now();
    for (const [stream, { offeredAt, caller }] of this.followings) {
      if (offeredAt === undefined) continue;
      // While the key cannot be looked up, the stream stays: its reader gets nothing new anyway.
      const mayStay = now - offeredAt < STALL_MS && (await this.standing.holds(caller).catch(() => true));
      if (!mayStay) stream.abort(STALLED);
    }
  }

  /** The texts of a stream, with note taken of the time for which each waits to be taken. */
  private async *offered(following: Following): AsyncGenerator<string> {
    for await (const text of this.texts(following)) {
      following.offeredAt = this.clock.now();
      yield text;
      following.offeredAt = undefined;
    }
  }

  private async *texts(following: Following): AsyncGenerator<string> {
    const { caller, bell, signal } = following;
    // The id alone moves Last-Event-ID, so that a reader who leaves before the first event misses nothing.
    yield `retry: 2000\nid: ${following.next - 1}\n\n`;
    let spoke = this.clock.now();
    while (!signal.aborted) {
      try {
        if (!(await this.standing.holds(caller))) return;
        for await (const text of this.news(following)) {
          if (text !== '') {
            yield text;
            spoke = this.clock.now();
          } else if (this.clock.now() - spoke >= HEARTBEAT_MS) {
            yield heartbeat(following.next);
            spoke = this.clock.now();
          }
        }
      } catch (error) {
        // The reader keeps the connection: a break would only make all of them knock at once.
        if (!(error instanceof AppError) || error.status < 500) throw error;
        this.log.warn(`a stream of ${caller.tenant} waits: ${error.code}`);
      }
      await bell.wait(TICK_MS, signal);
      if (this.clock.now() - spoke >= HEARTBEAT_MS) {
        yield heartbeat(following.next);
        spoke = this.clock.now();
      }
    }
  }

  /** Everything between the place of a stream and the frontier, page by page; '' for a stretch without a match. */
  private async *news(following: Following): AsyncGenerator<string> {
    const { caller, where, signal } = following;
    const frontier = await this.frontier.of(caller.tenant);
    let window = MIN_WINDOW;
    while (following.next < frontier && !signal.aborted) {
      const until = Math.min(frontier, following.next + window);
      const rows = await this.store.rows<ItemRow>(
        `SELECT ${ITEM_COLUMNS}
FROM events
WHERE ${where.sql}
  AND leaf_index >= {first:UInt64}
  AND leaf_index < {until:UInt64}
ORDER BY leaf_index
LIMIT {page:UInt32}`,
        { ...where.params, first: following.next, until, page: PAGE },
      );
      const last = rows[PAGE - 1];
      following.next = last ? last.leaf_index + 1 : until;
      window = rows.length === 0 ? Math.min(window * 4, MAX_WINDOW) : MIN_WINDOW;
      yield rows.map(eventText).join('');
    }
  }
}

const eventText = (row: ItemRow) => `id: ${row.leaf_index}\ndata: ${JSON.stringify(toItem(row))}\n\n`;
const heartbeat = (next: number) => `: heartbeat\nid: ${next - 1}\n\n`;
