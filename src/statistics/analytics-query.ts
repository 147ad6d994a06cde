import { z } from 'zod';
import { AppError } from '../common/app-error';
import { CATEGORIES, OUTCOMES, SEVERITIES } from '../events/event-types';
import { oneOf, revealing, several, time, timezone, whole, word } from '../search/event-query';
import { Interval, parseInterval, Span } from './buckets';
import { Kind, KindFilter, KINDS, PARTIES } from './counted';

/** Without `from`, statistics are of this long before `to`, ms. */
const USUAL_MS = 30 * 86_400_000;

const range = {
  from: time('Events that occurred at or after this time; default: 30 days before `to`', '2026-11-01').optional(),
  to: time('Events that occurred before this time; default: now', '2026-12-01').optional(),
};

const filter = {
  category: several(oneOf(CATEGORIES), 'Category', 'authentication'),
  eventType: several(word(64), 'Type', 'LOGIN_FAILED'),
  severity: several(oneOf(SEVERITIES), 'Severity', 'high', 'critical'),
  outcome: several(oneOf(OUTCOMES), 'Outcome', 'failure'),
  service: several(word(128), 'The application that reported', 'billing'),
};

const page = {
  limit: whole(1, 1000).default(20).meta({ description: 'How many at most, 1 to 1000', type: 'integer' }),
  offset: whole(0, 1_000_000).default(0).meta({ description: '`nextOffset` of the page before', type: 'integer' }),
};

const threshold = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,2})?$/, 'must be a number such as 4 or 3.5')
  .transform(Number)
  .pipe(z.number().min(1, { error: 'must be at least 1' }).max(100, { error: 'must be at most 100' }));

/** Query of the summary. */
export const summaryQuery = z.object({ ...range, timezone, ...revealing });
export type SummaryQuery = z.output<typeof summaryQuery>;

/** Query of a time series. */
export const seriesQuery = z.object({
  ...range,
  interval: z
    .string()
    .transform((text, ctx): Interval => {
      const interval = parseInterval(text);
      if (typeof interval !== 'string') return interval;
      ctx.addIssue({ code: 'custom', message: interval });
      return z.NEVER;
    })
    .meta({
      description:
        'Length of a point: a number and m (minutes), h, d, w, M (months) or y; default: what gives about fifty points',
      examples: ['1h'],
      type: 'string',
    })
    .optional(),
  timezone,
  groupBy: oneOf(KINDS)
    .meta({ description: 'One series for each', examples: ['severity'] })
    .optional(),
  top: whole(1, 100)
    .default(10)
    .meta({ description: 'The series with most events; the rest is added up in `others`', type: 'integer' }),
  ...filter,
});
export type SeriesQuery = z.output<typeof seriesQuery>;

export const TOP_OF = [...PARTIES, ...KINDS] as const;

/** Query of the largest users, addresses, … */
export const topQuery = z.object({
  ...range,
  of: oneOf(TOP_OF).meta({ description: 'What is counted', examples: ['address'] }),
  order: oneOf(['events', 'failures'])
    .default('events')
    .meta({ description: 'By all events, or by those that failed or were denied' }),
  ...page,
  ...revealing,
});
export type TopQuery = z.output<typeof topQuery>;

/** Query of the heat map. */
export const heatmapQuery = z.object({ ...range, timezone, ...filter });
export type HeatmapQuery = z.output<typeof heatmapQuery>;

/** Query of what was seen for the first time. */
export const firstSeenQuery = z.object({
  ...range,
  of: oneOf(['user', 'address']).meta({ description: 'What is new', examples: ['address'] }),
  ...page,
  ...revealing,
});
export type FirstSeenQuery = z.output<typeof firstSeenQuery>;

/** Query of anomalies. */
export const anomaliesQuery = z.object({
  from: time('Hours that begin at or after this time; default: 7 days before `to`', '2026-11-16').optional(),
  to: range.to,
  timezone,
  groupBy: oneOf(KINDS)
    .meta({ description: 'Judge each by itself, the fifty with most events', examples: ['category'] })
    .optional(),
  weeks: whole(4, 26)
    .default(8)
    .meta({ description: 'Weeks of history that an hour is compared with', type: 'integer' }),
  threshold: threshold
    .default(4)
    .meta({ description: 'Deviations from the median that make an anomaly', type: 'number' }),
  ...filter,
  ...page,
});
export type AnomaliesQuery = z.output<typeof anomaliesQuery>;

export function filterOf(query: KindFilter): KindFilter {
  return Object.fromEntries(KINDS.flatMap((kind: Kind) => (query[kind] ? [[kind, query[kind]]] : [])));
}

/**
 * The time that a query is about: up to now, and from `usual` ms before that, if it does not say.
 * @throws AppError 400 if it is empty, or longer than `longest` ms
 */
export function spanOf({ from, to }: Partial<Span>, now: number, usual = USUAL_MS, longest = Infinity): Span {
  const end = to ?? now;
  const start = from ?? end - usual;
  const message = start >= end ? 'must be before to' : `must be at most ${longest / 86_400_000} days before to`;
  if (start < end && end - start <= longest) return { from: start, to: end };
  throw new AppError('QUERY_INVALID', 400, `from ${message}`, { problems: [{ path: 'from', message }] });
}
