import { Injectable } from '@nestjs/common';
import { bounded, timeOf } from '../search/event-where';
import { SearchStore } from '../search/search-store';
import { AnalyticsReader } from './analytics-reader';
import type { TopAnswer } from './analytics.schema';
import type { Span } from './buckets';
import { PARTIES, Party } from './counted';
import { BLOCK_MS, DAY_MS } from './rollup-sql';

type Tops = Record<Party, TopAnswer>;

/** Answers kept at the same time, of all tenants; each is some kilobytes. */
const KEPT = 200;
/** However sure it is that nothing has changed, ms. */
const LONGEST_MS = 10 * 60_000;
const TOP = 10;

interface Known {
  /** What the days held, by day, when the answer was begun or before. */
  version: string;
  at: number;
  tops: Promise<Tops>;
}

/** What a tenant's rollups hold of one party on one day. */
interface DayCount {
  of: Party;
  /** ms */
  day: number;
  n: number;
  failed: number;
}

/**
 * The largest users, addresses and resources over whole days, the dearest question of the summary. An answer is given again as long as the
 * days hold what they held: days that are over do not change but by late events and retention, and of a tenant from whom nothing
 * comes today does not either. What the days hold is asked each time; that costs little (projection `by_time`).
 */
@Injectable()
export class DayTops {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly store: SearchStore,
    private readonly analytics: AnalyticsReader,
  ) {}

  /** For bounds that are no midnights (UTC) it is counted each time. */
  async read(tenant: string, days: Span): Promise<Tops> {
    if (days.from % DAY_MS !== 0 || days.to % DAY_MS !== 0) return this.count(tenant, days);
    const name = JSON.stringify([tenant, days.from, days.to]);
    // Before the answer: what is counted between the two is in the answer, and the next version differs.
    const held = await this.held(tenant, wholeBlocks(days));
    const version = JSON.stringify(held);
    const known = this.known.get(name);
    if (known?.version === version && performance.now() - known.at < LONGEST_MS) return known.tops;
    const fresh: Known = { version, at: performance.now(), tops: this.count(tenant, alike(days, held)) };
    this.keep(name, fresh);
    return fresh.tops.catch((error: unknown) => {
      if (this.known.get(name) === fresh) this.known.delete(name);
      throw error;
    });
  }

  private held(tenant: string, { from, to }: Span): Promise<DayCount[]> {
    return this.store.rows(
      `SELECT toString(dimension) AS of, toUnixTimestamp64Milli(rollups.at) AS day, sum(events) AS n, sum(failures) AS failed FROM rollups
       WHERE tenant = {tenant:String} AND dimension IN {parties:Array(String)} AND rollups.at >= ${timeOf('from')} AND rollups.at < ${timeOf('to')}
       GROUP BY dimension, rollups.at ORDER BY dimension, rollups.at`,
      { tenant, parties: PARTIES, from: bounded(from), to: bounded(to) },
    );
  }

  private async count(tenant: string, span: Span): Promise<Tops> {
    const top = (of: Party) => this.analytics.top(tenant, span, { of, order: 'events', limit: TOP, offset: 0 });
    const [user, address, resource] = await Promise.all([top('user'), top('address'), top('resource')]);
    return { user, address, resource };
  }

  private keep(name: string, fresh: Known): void {
    this.known.delete(name);
    this.known.set(name, fresh);
    // A map keeps the order in which things came: the first is the oldest.
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KEPT) return;
      this.known.delete(oldest);
    }
  }
}

/** The blocks of days that a time touches. */
const wholeBlocks = ({ from, to }: Span): Span => ({
  from: Math.floor(from / BLOCK_MS) * BLOCK_MS,
  to: Math.ceil(to / BLOCK_MS) * BLOCK_MS,
});

/**
 * A time with the same in it that is cheaper to count: out to the end of a block of days, where the days between hold nothing, as those
 * after today. Pure.
 */
export function alike(days: Span, held: readonly Pick<DayCount, 'day'>[]): Span {
  const blocks = wholeBlocks(days);
  const isEmpty = (from: number, to: number) => !held.some(({ day }) => day >= from && day < to);
  return {
    from: isEmpty(blocks.from, days.from) ? blocks.from : days.from,
    to: isEmpty(days.to, blocks.to) ? blocks.to : days.to,
  };
}
