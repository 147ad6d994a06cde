import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { Clock } from '../common/clock';
import { AnomaliesQuery, filterOf } from './analytics-query';
import { AnalyticsReader, iso, localIso, Point, zonedOf } from './analytics-reader';
import type { AnomaliesAnswer } from './analytics.schema';
import { Anomaly, findAnomalies, historyStart, Hour } from './anomalies';
import { bucketStarts, Span } from './buckets';

const HOUR_MS = 3_600_000;
const WEEK_MS = 168 * HOUR_MS;
/** 26 weeks of history and a month. */
const MOST_HOURS = 26 * 168 + 32 * 24;
const LEAST_WEEKS = 4;
const GROUPS = 50;

/** Finds hours that are unlike the same hour of the weeks before; see anomalies.ts. */
@Injectable()
export class AnomalyFinder {
  constructor(
    private readonly reader: AnalyticsReader,
    private readonly clock: Clock,
  ) {}

  async find(tenant: string, span: Span, query: AnomaliesQuery): Promise<AnomaliesAnswer> {
    const { timezone, weeks, threshold, groupBy, limit, offset } = query;
    const begin = (await this.reader.begin(tenant)) ?? span.to;
    const history = Math.max(span.from - weeks * WEEK_MS, Math.ceil(begin / HOUR_MS) * HOUR_MS);
    // An hour that is not over has too few events.
    const to = Math.min(span.to, this.clock.now());
    const starts = history < to ? bucketStarts(history, to, { amount: 1, unit: 'h' }, timezone, MOST_HOURS) : [];
    const whole = starts.filter((start, i) => start >= history && (starts[i + 1] ?? start + HOUR_MS) <= to);
    const [first, last] = [whole[0], whole.at(-1)];
    const points =
      first === undefined || last === undefined
        ? []
        : await this.reader.points(
            tenant,
            { from: first, to: Math.min(to, last + HOUR_MS) },
            whole,
            groupBy ? [groupBy] : [],
            filterOf(query),
          );
    const totals = new Map<number, number>();
    for (const { start, events } of points) totals.set(start, (totals.get(start) ?? 0) + events);
    const begun = historyStart(whole.map((at) => ({ at, events: totals.get(at) ?? 0 }))) ?? to;
    const judged = whole.filter((at) => at >= begun);
    const slots = judged.map((at) => slotOf(at, timezone));
    const found = largestGroups(points).flatMap(({ key, events }) => {
      const hours = judged.map((at, i): Hour => ({ at, slot: slots[i] ?? 0, events: events.get(at) ?? 0 }));
      const anomalies = findAnomalies(hours, { from: span.from, weeks, least: LEAST_WEEKS, threshold });
      return anomalies.map((anomaly) => ({
        ...itemOf(anomaly, timezone),
        ...(groupBy && { key: key === '' ? null : key }),
      }));
    });
    found.sort((a, b) => Math.abs(b.score) - Math.abs(a.score) || (a.at < b.at ? 1 : -1));
    const next = offset + limit;
    return {
      ...zonedOf(span, timezone),
      history: { from: iso(begun), weeks },
      judged: judged.filter((at) => at >= span.from && at - begun >= LEAST_WEEKS * WEEK_MS).length,
      items: found.slice(offset, next),
      total: found.length,
      nextOffset: next < found.length ? next : null,
    };
  }
}

function largestGroups(points: Point[]): { key: string; events: Map<number, number> }[] {
  const groups = new Map<string, { key: string; total: number; events: Map<number, number> }>();
  for (const { start, keys, events } of points) {
    const key = keys[0] ?? '';
    const group = groups.get(key) ?? { key, total: 0, events: new Map<number, number>() };
    groups.set(key, group);
    group.total += events;
    group.events.set(start, events);
  }
  return [...groups.values()].sort((a, b) => b.total - a.total).slice(0, GROUPS);
}

/** Hour of the week, from Monday 0:00, by the clock of the zone. */
function slotOf(at: number, zone: string): number {
  const { weekday, hour } = DateTime.fromMillis(at, { zone });
  return (weekday - 1) * 24 + hour;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

const itemOf = ({ at, events, expected, deviation, score, weeks }: Anomaly, zone: string) => ({
  at: localIso(at, zone),
  events,
  expected,
  deviation: rounded(deviation),
  score: rounded(score),
  weeks,
});
