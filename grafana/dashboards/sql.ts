/** Pieces of the queries. Macros are those of the ClickHouse plugin, variables those of `frame.ts`. */

export const TENANT = 'tenant = ${tenant:singlequote}';

/** What the variables category, severity and service choose, in rollups and events alike. */
export const CHOSEN = [
  '$__conditionalAll(category IN (${category:singlequote}), $category)',
  '$__conditionalAll(toString(severity) IN (${severity:singlequote}), $severity)',
  '$__conditionalAll(service IN (${service:singlequote}), $service)',
].join(' AND ');

const FIRST_QUARTER = 'toStartOfInterval($__fromTime, INTERVAL 15 MINUTE)';
const FIRST_DAY = "toStartOfDay($__fromTime + INTERVAL 86399 SECOND, 'UTC')";
const LAST_DAY = "toStartOfDay($__toTime, 'UTC')";

/** Beyond this, series are made of whole days, by UTC: quarters of an hour would be a hundred times the rows. */
const BY_DAYS = '$__toTime - $__fromTime > 864000';

/** Rows of rollups for series: events by category, type, severity, outcome and service. */
export const STEPS = `${TENANT} AND dimension = if(${BY_DAYS}, 'type_day', 'type')
    AND at >= if(${BY_DAYS}, toStartOfDay($__fromTime, 'UTC'), ${FIRST_QUARTER}) AND at <= $__toTime`;

/** Seconds that a point of such a series stands for. */
export const STEP_SECONDS = `greatest($__interval_s, if(${BY_DAYS}, 86400, 900))`;

/** Quarters of an hour of the last ten days of the time. */
export const LAST_QUARTERS = `${TENANT} AND dimension = 'type'
    AND at >= greatest(${FIRST_QUARTER}, $__toTime - INTERVAL 10 DAY) AND at <= $__toTime`;

/** The same counts for totals: whole days as days, which are a hundredth of the rows, and only the rest by quarters. */
export const TOTAL = `${TENANT} AND ((dimension = 'type_day' AND at >= ${FIRST_DAY} AND at < ${LAST_DAY})
    OR (dimension = 'type' AND at >= ${FIRST_QUARTER} AND at <= $__toTime AND (at < ${FIRST_DAY} OR at >= ${LAST_DAY})))`;

/** Rows of rollups by users, addresses or resources: whole days, by UTC, also those that the time range only touches. */
export const partyDays = (dimension: 'user' | 'address' | 'resource'): string =>
  `${TENANT} AND dimension = '${dimension}' AND at >= toStartOfDay($__fromTime, 'UTC') AND at <= $__toTime`;

/** Rows of events. */
export const EVENTS = `${TENANT} AND $__timeFilter(occurred_at)`;

export const inTime = (column: string): string => `${TENANT} AND $__timeFilter(${column})`;

const quoted = (names: string[]): string => names.map((name) => `'${name}'`).join(', ');

const samples = (names: string[]): string => `metric_samples WHERE name IN (${quoted(names)}) AND $__timeFilter(at)`;

/** Gauges over time, each by its highest value in a step; columns are named by `as`. */
export const gauges = (as: Record<string, string>): string => `SELECT $__timeInterval(at) AS time,
  ${Object.entries(as)
    .map(([label, name]) => `maxIf(value, name = '${name}') AS "${label}"`)
    .join(',\n  ')}
FROM ${samples(Object.values(as))}
GROUP BY time ORDER BY time`;

/**
 * What counters grew by in each step of time: rows of time, name, labels, le, added. A counter that is lower than before has begun
 * again from nothing, as when a process ended. Samples that stand twice, until their parts are merged, do no harm.
 */
const growth = (
  names: string[],
): string => `SELECT time, name, labels, le, if(last < before, last, last - before) AS added
  FROM (SELECT time, name, labels, le, last, lagInFrame(last, 1, first) OVER (PARTITION BY name, labels, le ORDER BY time) AS before
    FROM (SELECT $__timeInterval(at) AS time, name, labels, le, max(value) AS last, min(value) AS first
      FROM ${samples(names)} GROUP BY time, name, labels, le))`;

/** Growth of counters a second; columns are named by `as`. */
export const rates = (as: Record<string, string>): string => `SELECT time,
  ${Object.entries(as)
    .map(([label, name]) => `sumIf(added, name = '${name}') / $__interval_s AS "${label}"`)
    .join(',\n  ')}
FROM (${growth(Object.values(as))})
GROUP BY time ORDER BY time`;

/** Growth of one counter in the whole time, by one of its labels. */
export const grownBy = (name: string, label: string, as: string): string => `SELECT
  JSONExtractString(labels, '${label}') AS ${as}, sum(added) AS count
FROM (${growth([name])})
GROUP BY ${as} HAVING count > 0 ORDER BY count DESC`;

/** Quantiles of a histogram over time. */
export const quantiles = (name: string): string => `SELECT time,
  quantilePrometheusHistogram(0.5)(le, below) AS p50,
  quantilePrometheusHistogram(0.95)(le, below) AS p95,
  quantilePrometheusHistogram(0.99)(le, below) AS p99
FROM (SELECT time, le, sum(added) AS below FROM (${growth([`${name}_bucket`])}) GROUP BY time, le)
GROUP BY time HAVING max(below) > 0 ORDER BY time`;

/** The newest value of a gauge, in any time. */
export const newest = (name: string, as: string): string => `SELECT sum(value) AS "${as}"
FROM (SELECT labels, argMax(value, at) AS value FROM metric_samples
  WHERE name = '${name}' AND at > $__toTime - INTERVAL 5 MINUTE AND at <= $__toTime GROUP BY labels)
HAVING count() > 0`;
