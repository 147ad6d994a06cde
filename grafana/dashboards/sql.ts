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

/** Rows of rollups by quarters of an hour, for series: events by category, type, severity, outcome and service. */
export const QUARTERS = `${TENANT} AND dimension = 'type' AND at >= ${FIRST_QUARTER} AND at <= $__toTime`;

/** The same counts for totals: whole days as days, which are a hundredth of the rows, and only the rest by quarters. */
export const TOTAL = `${TENANT} AND ((dimension = 'type_day' AND at >= ${FIRST_DAY} AND at < ${LAST_DAY})
    OR (dimension = 'type' AND at >= ${FIRST_QUARTER} AND at <= $__toTime AND (at < ${FIRST_DAY} OR at >= ${LAST_DAY})))`;

/** Rows of rollups by users, addresses or resources: whole days, by UTC, also those that the time range only touches. */
export const partyDays = (dimension: 'user' | 'address' | 'resource'): string =>
  `${TENANT} AND dimension = '${dimension}' AND at >= toStartOfDay($__fromTime, 'UTC') AND at <= $__toTime`;

/** Rows of events. */
export const EVENTS = `${TENANT} AND $__timeFilter(occurred_at)`;

export const inTime = (column: string): string => `${TENANT} AND $__timeFilter(${column})`;

/**
 * Values of a metric from `metric_samples`, one for each moment and set of labels: workers write the same sample more than once
 * until their parts are merged.
 */
const samples = (names: string): string => `SELECT name, labels, le, at, max(value) AS value
    FROM metric_samples WHERE name IN (${names}) AND $__timeFilter(at) GROUP BY name, labels, le, at`;

const quoted = (names: string[]): string => names.map((name) => `'${name}'`).join(', ');

/** A gauge over time, added up over its labels; columns are named by `as`. */
export const gauges = (as: Record<string, string>): string => `SELECT $__timeInterval(at) AS time,
  ${Object.entries(as)
    .map(([label, name]) => `maxIf(total, name = '${name}') AS "${label}"`)
    .join(',\n  ')}
FROM (SELECT name, at, sum(value) AS total FROM (${samples(quoted(Object.values(as)))}) GROUP BY name, at)
GROUP BY time ORDER BY time`;

/** What counters grew by, with a process that ends or starts counting as no growth. Rows of name, labels, le, at, added. */
const growth = (names: string[]): string => `SELECT name, labels, le, at,
    greatest(0, value - lagInFrame(value, 1, value) OVER (PARTITION BY name, labels, le ORDER BY at)) AS added
  FROM (${samples(quoted(names))})`;

/** Growth of counters a second; columns are named by `as`. */
export const rates = (as: Record<string, string>): string => `SELECT $__timeInterval(at) AS time,
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
FROM (SELECT $__timeInterval(at) AS time, le, sum(added) AS below FROM (${growth([`${name}_bucket`])}) GROUP BY time, le)
GROUP BY time HAVING max(below) > 0 ORDER BY time`;

/** The newest value of a gauge, in any time. */
export const newest = (name: string, as: string): string => `SELECT sum(value) AS "${as}"
FROM (SELECT labels, argMax(value, at) AS value FROM metric_samples
  WHERE name = '${name}' AND at > $__toTime - INTERVAL 5 MINUTE AND at <= $__toTime GROUP BY labels)
HAVING count() > 0`;
