import { z } from 'zod';

const count = z.number().int();
const time = z.string().meta({ format: 'date-time' });
const key = z.string().nullable().describe('null: events without it');

/** What every answer begins with. */
export const span = { from: time, to: time };
const zoned = { ...span, timezone: z.string() };

export const seriesAnswer = z.object({
  ...zoned,
  interval: z.string(),
  starts: z
    .array(time)
    .describe('When each point begins, in the time zone; the first holds `from`, the last ends with `to`'),
  total: z.object({ events: z.array(count), failures: z.array(count) }).describe('One number for each start'),
  series: z
    .array(z.object({ key, total: count, events: z.array(count) }))
    .describe('With `groupBy`: the largest groups, largest first'),
  others: z
    .object({ groups: count, total: count, events: z.array(count) })
    .nullable()
    .describe('The groups beyond `top`, added up; null if there are none'),
});
export type SeriesAnswer = z.output<typeof seriesAnswer>;

export const topItem = z.object({
  key,
  resourceType: z.string().optional(),
  events: count,
  failures: count.describe('Of these, failed or denied'),
  firstAt: time.optional(),
  lastAt: time.optional(),
});
export type TopItem = z.output<typeof topItem>;

export const topAnswer = z.object({
  ...span,
  items: z.array(topItem),
  total: count.describe('How many different ones there are'),
  nextOffset: count.nullable().describe('Give it as `offset` to go on; null on the last page'),
});
export type TopAnswer = z.output<typeof topAnswer>;

export const heatmapAnswer = z.object({
  ...zoned,
  events: z.array(z.array(count)).describe('Seven rows, Monday first, of 24 hours each, by the clock of the time zone'),
  failures: z.array(z.array(count)).describe('The same, of events that failed or were denied'),
  largest: count.describe('The largest number in `events`'),
});
export type HeatmapAnswer = z.output<typeof heatmapAnswer>;

export const firstSeenAnswer = z.object({
  ...span,
  items: z.array(z.object({ key: z.string(), firstAt: time, events: count.describe('Since then, until now') })),
  total: count,
  nextOffset: count.nullable(),
});
export type FirstSeenAnswer = z.output<typeof firstSeenAnswer>;

export const anomaliesAnswer = z.object({
  ...zoned,
  history: z.object({ from: time, weeks: count }).describe('What the hours were compared with'),
  judged: count.describe('Hours that had four weeks of history or more'),
  items: z.array(
    z.object({
      at: time.describe('Start of the hour'),
      key: key.optional(),
      events: count,
      expected: z.number().describe('Median of the same hour of the week in the weeks before'),
      deviation: z
        .number()
        .describe('1.4826 times the median absolute deviation; at least 1 and the root of `expected`'),
      score: z.number().describe('(events - expected) / deviation'),
      weeks: count,
    }),
  ),
  total: count,
  nextOffset: count.nullable(),
});
export type AnomaliesAnswer = z.output<typeof anomaliesAnswer>;
