import type { Point } from './analytics-reader';
import type { Span } from './buckets';
import type { ComplianceFacts, DashboardSummary } from './dashboard.schema';
import { DAY_MS } from './rollup-sql';

/** Kinds that the summary counts events by, in the order of `Point.keys`. */
export const SUMMARY_KINDS = ['category', 'severity', 'outcome', 'eventType'] as const;

type Trend = DashboardSummary['totals']['events'];
type Counted = Pick<DashboardSummary, 'byCategory' | 'bySeverity' | 'byOutcome'> & {
  totals: Pick<DashboardSummary['totals'], 'events' | 'failures' | 'highSeverity'>;
  compliance: Pick<ComplianceFacts, 'failedShare' | 'requests' | 'consents'>;
};

/** From this length on, days at the ends are counted whole where counting a part of them would cost more than all the rest, ms. */
const LONG_MS = 7 * DAY_MS;

/** The time of which the summary counts users, addresses and resources: whole days (UTC) if it is about a week or longer. Pure. */
export function partiesSpan(span: Span): Span {
  if (span.to - span.from < LONG_MS) return span;
  return { from: Math.floor(span.from / DAY_MS) * DAY_MS, to: Math.ceil(span.to / DAY_MS) * DAY_MS };
}

const trendOf = (count: number, previous: number): Trend => ({
  count,
  previous,
  change: previous === 0 ? null : Math.round(((count - previous) / previous) * 10_000) / 10_000,
});

/** What the summary says of events, from their counts by SUMMARY_KINDS in a period and in the one before. Pure. */
export function summarize(now: readonly Point[], before: readonly Point[]): Counted {
  const sum = (points: readonly Point[], of: 'events' | 'failures') =>
    points.reduce((total, point) => total + point[of], 0);
  const both = (chosen: (point: Point) => boolean) => [now.filter(chosen), before.filter(chosen)] as const;
  const spread = (kind: number) => {
    const keys = new Set([...now, ...before].map((point) => point.keys[kind] ?? ''));
    return [...keys]
      .map((key) => {
        const [current, previous] = both((point) => point.keys[kind] === key);
        return { key: key === '' ? null : key, ...trendOf(sum(current, 'events'), sum(previous, 'events')) };
      })
      .sort((a, b) => b.count - a.count || (String(a.key) < String(b.key) ? -1 : 1));
  };
  const ofType = (...types: string[]) => sum(both((point) => types.includes(point.keys[3] ?? ''))[0], 'events');
  const [severe, severeBefore] = both((point) => point.keys[1] === 'high' || point.keys[1] === 'critical');
  const [events, failures] = [sum(now, 'events'), sum(now, 'failures')];
  return {
    totals: {
      events: trendOf(events, sum(before, 'events')),
      failures: trendOf(failures, sum(before, 'failures')),
      highSeverity: trendOf(sum(severe, 'events'), sum(severeBefore, 'events')),
    },
    byCategory: spread(0),
    bySeverity: spread(1),
    byOutcome: spread(2),
    compliance: {
      failedShare: events === 0 ? null : Math.round((failures / events) * 10_000) / 10_000,
      requests: ofType('GDPR_REQUEST', 'LGPD_REQUEST'),
      consents: { granted: ofType('CONSENT_GRANTED'), revoked: ofType('CONSENT_REVOKED') },
    },
  };
}

/** One number for each start, from points that have none where nothing was. Pure. */
export function alongStarts(
  points: readonly Point[],
  starts: readonly number[],
): { events: number[]; failures: number[] } {
  const place = new Map(starts.map((start, i) => [start, i]));
  const trend = { events: starts.map(() => 0), failures: starts.map(() => 0) };
  for (const point of points) {
    const i = place.get(point.start) ?? 0;
    trend.events[i] = (trend.events[i] ?? 0) + point.events;
    trend.failures[i] = (trend.failures[i] ?? 0) + point.failures;
  }
  return trend;
}
