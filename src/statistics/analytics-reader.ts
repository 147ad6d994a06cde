import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { SearchStore } from '../search/search-store';
import { bounded, timeOf } from '../search/event-where';
import { bucketStarts, hasQuarterHours, parseInterval, Span, usualInterval } from './buckets';
import type { FirstSeenQuery, HeatmapQuery, SeriesQuery, TopQuery } from './analytics-query';
import { filterOf } from './analytics-query';
import type { FirstSeenAnswer, HeatmapAnswer, SeriesAnswer, TopAnswer, TopItem } from './analytics.schema';
import { countedKinds, countedParties, Kind, KindFilter, Party, PARTIES } from './counted';
import { QUARTER_MS } from './rollup-sql';

/** Events of one point and group. */
export interface Point {
  /** Start of the bucket, ms. */
  start: number;
  keys: string[];
  events: number;
  failures: number;
}

export const iso = (ms: number): string => new Date(ms).toISOString();

/** Reads statistics of one tenant. */
@Injectable()
export class AnalyticsReader {
  constructor(private readonly store: SearchStore) {}

  async series(tenant: string, span: Span, query: SeriesQuery): Promise<SeriesAnswer> {
    const named = query.interval ? `${query.interval.amount}${query.interval.unit}` : usualInterval(span.from, span.to);
    const interval = query.interval ?? parseInterval(named);
    if (typeof interval === 'string') throw new TypeError(interval);
    const starts = bucketStarts(span.from, span.to, interval, query.timezone);
    const points = await this.points(tenant, span, starts, query.groupBy ? [query.groupBy] : [], filterOf(query));
    const place = new Map(starts.map((start, i) => [start, i]));
    const zeros = () => starts.map(() => 0);
    const total = { events: zeros(), failures: zeros() };
    const groups = new Map<string, { key: string | null; total: number; events: number[] }>();
    for (const { start, keys, events, failures } of points) {
      const i = place.get(start) ?? 0;
      add(total.events, i, events);
      add(total.failures, i, failures);
      const [key] = keys;
      if (key === undefined) continue;
      const group = groups.get(key) ?? { key: key === '' ? null : key, total: 0, events: zeros() };
      groups.set(key, group);
      group.total += events;
      add(group.events, i, events);
    }
    const sorted = [...groups.values()].sort((a, b) => b.total - a.total || (String(a.key) < String(b.key) ? -1 : 1));
    const rest = sorted.slice(query.top);
    const others = {
      groups: rest.length,
      total: rest.reduce((sum, group) => sum + group.total, 0),
      events: starts.map((_, i) => rest.reduce((sum, group) => sum + (group.events[i] ?? 0), 0)),
    };
    return {
      ...zonedOf(span, query.timezone),
      interval: named,
      starts: starts.map((start) => localIso(start, query.timezone)),
      total,
      series: sorted.slice(0, query.top),
      others: rest.length > 0 ? others : null,
    };
  }

  /** Counts by bucket and kinds; buckets and groups without events are absent. */
  async points(
    tenant: string,
    span: Span,
    starts: readonly number[],
    kinds: readonly Kind[],
    filter: KindFilter = {},
  ): Promise<Point[]> {
    // A single bucket has no inner bounds.
    const inner = starts.slice(1);
    const grain = inner.length === 0 ? 'day' : inner.some((start) => start % QUARTER_MS !== 0) ? 'exact' : 'quarter';
    const source = countedKinds(tenant, span, kinds, { filter, grain });
    return this.store.rows<Point>(
      `SELECT start, [${kinds.join(', ')}]::Array(String) AS keys, events, failures
       FROM (SELECT roundDown(toUnixTimestamp64Milli(at), {starts:Array(Int64)}) AS start${kinds.map((kind) => `, ${kind}`).join('')},
                    sum(n) AS events, sum(failed) AS failures
             FROM ${source.sql} GROUP BY ALL)`,
      { ...source.params, starts },
    );
  }

  async top(tenant: string, span: Span, query: Omit<TopQuery, 'reveal' | 'reason'>): Promise<TopAnswer> {
    const { of, order, limit, offset } = query;
    const party = isParty(of) ? of : undefined;
    const source = party
      ? countedParties(tenant, span, party)
      : countedKinds(tenant, span, [of as Kind], { grain: 'day' });
    const times = 'toUnixTimestamp64Milli(min(first)) AS firstAt, toUnixTimestamp64Milli(max(last)) AS lastAt';
    const rows = await this.store.rows<TopRow>(
      `SELECT ${party ? 'key' : `${of} AS key`}, sum(n) AS events, sum(failed) AS failures, count() OVER () AS total${party ? `, ${times}` : ''}
       FROM ${source.sql} GROUP BY key ${order === 'failures' ? 'HAVING failures > 0' : ''}
       ORDER BY ${order} DESC, key LIMIT {limit:UInt32} OFFSET {offset:UInt32}`,
      { ...source.params, limit, offset },
    );
    return { ...spanTexts(span), items: rows.map((row) => topItemOf(row, party)), ...paging(rows, offset) };
  }

  async heatmap(tenant: string, span: Span, query: HeatmapQuery): Promise<HeatmapAnswer> {
    const grain = hasQuarterHours(query.timezone, span) ? 'quarter' : 'exact';
    const source = countedKinds(tenant, span, [], { filter: filterOf(query), grain });
    const rows = await this.store.rows<{ day: number; hour: number; events: number; failures: number }>(
      `SELECT toDayOfWeek(at, 0, {timezone:String}) AS day, toHour(at, {timezone:String}) AS hour,
              sum(n) AS events, sum(failed) AS failures
       FROM ${source.sql} GROUP BY day, hour`,
      { ...source.params, timezone: query.timezone },
    );
    const week = () => Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
    const [events, failures] = [week(), week()];
    for (const row of rows) {
      add(events[row.day - 1] ?? [], row.hour, row.events);
      add(failures[row.day - 1] ?? [], row.hour, row.failures);
    }
    const largest = Math.max(...events.flat());
    return { ...zonedOf(span, query.timezone), events, failures, largest };
  }

  /** Users or addresses of whom no stored event is older than their first in `span`, latest first. */
  async firstSeen(
    tenant: string,
    span: Span,
    { of, limit, offset }: Pick<FirstSeenQuery, 'of' | 'limit' | 'offset'>,
  ): Promise<FirstSeenAnswer> {
    const rows = await this.store.rows<{ key: string; firstAt: number; events: number; total: number }>(
      `SELECT key, toUnixTimestamp64Milli(min(first_at) AS seen) AS firstAt, sum(rollups.events) AS events, count() OVER () AS total
       FROM rollups WHERE tenant = {tenant:String} AND dimension = {of:String}
       GROUP BY key HAVING seen >= ${timeOf('from')} AND seen < ${timeOf('to')}
       ORDER BY seen DESC, key LIMIT {limit:UInt32} OFFSET {offset:UInt32}`,
      { tenant, of, from: bounded(span.from), to: bounded(span.to), limit, offset },
    );
    const items = rows.map(({ key, firstAt, events }) => ({ key, firstAt: iso(firstAt), events }));
    return { ...spanTexts(span), items, ...paging(rows, offset) };
  }

  /** When the oldest counted event of a tenant occurred, to the quarter of an hour, ms. */
  async begin(tenant: string): Promise<number | undefined> {
    const [row] = await this.store.rows<{ at: number }>(
      `SELECT toUnixTimestamp64Milli(at) AS at FROM rollups WHERE tenant = {tenant:String} AND dimension = 'type'
       ORDER BY rollups.at LIMIT 1`,
      { tenant },
    );
    return row?.at;
  }
}

export const spanTexts = ({ from, to }: Span) => ({ from: iso(from), to: iso(to) });
export const zonedOf = (span: Span, timezone: string) => ({ ...spanTexts(span), timezone });
export const localIso = (ms: number, zone: string): string =>
  DateTime.fromMillis(ms, { zone }).toISO({ suppressMilliseconds: true }) ?? iso(ms);

interface TopRow {
  key: string;
  events: number;
  failures: number;
  total: number;
  firstAt?: number;
  lastAt?: number;
}

function topItemOf({ key, events, failures, firstAt, lastAt }: TopRow, party: Party | undefined): TopItem {
  const line = party === 'resource' ? key.indexOf('\n') : -1;
  const resourceType = key.slice(0, Math.max(0, line));
  return {
    key: key === '' ? null : key.slice(line + 1),
    ...(resourceType !== '' && { resourceType }),
    events,
    failures,
    ...(firstAt !== undefined && { firstAt: iso(firstAt) }),
    ...(lastAt !== undefined && { lastAt: iso(lastAt) }),
  };
}

const isParty = (name: Party | Kind): name is Party => (PARTIES as readonly string[]).includes(name);

function add(numbers: number[], i: number, n: number): void {
  numbers[i] = (numbers[i] ?? 0) + n;
}

/** Behind the last page nothing says how many there are: as many as were skipped at least. */
function paging(rows: { total: number }[], offset: number): { total: number; nextOffset: number | null } {
  const total = rows[0]?.total ?? offset;
  const next = offset + rows.length;
  return { total, nextOffset: rows.length > 0 && next < total ? next : null };
}
