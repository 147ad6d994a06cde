/** Sizes of the buckets of time in `rollups`, ms. */
export const QUARTER_MS = 900_000;
export const DAY_MS = 86_400_000;
/** Of users, addresses and resources in the projection `by_block`. */
export const BLOCK_MS = 8 * DAY_MS;
/** The key of that projection: it is used where this stands in these words. */
export const BLOCK = `toStartOfInterval(rollups.at, INTERVAL ${BLOCK_MS} MILLISECOND)`;

/** Outcomes that count as failures. */
export const FAILED = "('failure', 'denied')";

/**
 * Rows of `rollups`, from the events that a condition chooses: each event is counted once as its batch, once by what it is, and
 * once for each of its user, address and resource that it names. The one place that says what a rollup is.
 * @param condition on columns of `events`
 */
export const countEvents = (condition: string): string => `
SELECT
    if(shape = 'batch', '', t) AS tenant,
    shape AS dimension,
    multiIf(shape = 'batch', toDateTime64(0, 3, 'UTC'), shape = 'type', quarter, day) AS at,
    c AS category, e AS event_type, if(shape IN ('type', 'type_day'), toInt8(s), 0) AS severity, o AS outcome, v AS service,
    r AS resource_type,
    multiIf(shape = 'user', u, shape = 'address', a, shape = 'resource', i, '') AS key,
    if(shape = 'batch', b, 0) AS batch,
    events, failures, first_at, last_at, keep_until
FROM
(
    SELECT
        multiIf(grouping(batch) = 0, 'batch', grouping(quarter) = 0, 'type', grouping(event_type) = 0, 'type_day',
                grouping(actor) = 0, 'user', grouping(ip_address) = 0, 'address', 'resource') AS shape,
        tenant AS t,
        toStartOfInterval(occurred_at, INTERVAL ${QUARTER_MS} MILLISECOND) AS quarter,
        toStartOfInterval(occurred_at, INTERVAL ${DAY_MS} MILLISECOND) AS day,
        category AS c, event_type AS e, severity AS s, outcome AS o, service AS v,
        actor AS u, ip_address AS a, resource_type AS r, resource_id AS i, batch AS b,
        count() AS events, countIf(outcome IN ${FAILED}) AS failures,
        min(occurred_at) AS first_at, max(occurred_at) AS last_at, max(retain_until) AS keep_until
    FROM events
    WHERE ${condition}
    GROUP BY GROUPING SETS ((batch), (tenant, quarter, category, event_type, severity, outcome, service),
                            (tenant, day, category, event_type, severity, outcome, service),
                            (tenant, day, actor), (tenant, day, ip_address), (tenant, day, resource_type, resource_id))
)
WHERE shape IN ('batch', 'type', 'type_day') OR key != ''`;
