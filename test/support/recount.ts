import type { ClickHouseClient } from '@clickhouse/client';

const COUNTS = `sum(events) AS n, sum(failures) AS failed, toString(min(first_at)) AS first, toString(max(last_at)) AS last, toString(max(keep_until)) AS keep`;
const COUNTED = `count() AS n, countIf(outcome = 'failure' OR outcome = 'denied') AS failed, toString(min(occurred_at)) AS first,
  toString(max(occurred_at)) AS last, toString(max(retain_until)) AS keep`;

/** Each dimension of the rollups and how it is counted from events in the plainest way: by the digits of the time, one query each. */
const DIMENSIONS = [
  {
    name: 'type',
    columns: 'tenant, category, event_type, toString(severity) AS s, outcome, service',
    at: "concat(substring(toString(occurred_at), 1, 14), multiIf(toMinute(occurred_at) < 15, '00', toMinute(occurred_at) < 30, '15', toMinute(occurred_at) < 45, '30', '45'), ':00.000')",
    events: 'tenant, category, event_type, toString(severity) AS s, outcome, service',
    where: '1',
  },
  ...[
    [
      'type_day',
      'tenant, category, event_type, toString(severity) AS s, outcome, service',
      'tenant, category, event_type, toString(severity) AS s, outcome, service',
      '1',
    ],
    ['user', 'tenant, key', 'tenant, actor', "actor != ''"],
    ['address', 'tenant, key', 'tenant, ip_address', "ip_address != ''"],
    ['resource', 'tenant, resource_type, key', 'tenant, resource_type, resource_id', "resource_id != ''"],
  ].map(([name, columns, events, where]) => ({
    ...{ name, columns, events, where },
    at: "concat(substring(toString(occurred_at), 1, 10), ' 00:00:00.000')",
  })),
];

/**
 * Groups in which the rollups and a recount of the events differ, by dimension; all zero if they agree.
 * @param database that holds both
 */
export async function differences(clickhouse: ClickHouseClient, database: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { name, columns, at, events, where } of DIMENSIONS) {
    const rollups = `SELECT ${columns}, toString(at) AS start, ${COUNTS} FROM ${database}.rollups WHERE dimension = '${name}' GROUP BY ALL`;
    const recount = `SELECT ${events}, ${at} AS start, ${COUNTED} FROM ${database}.events WHERE ${where} GROUP BY ALL`;
    const answer = await clickhouse.query({
      query: `SELECT count() AS n FROM ((${rollups} EXCEPT ALL ${recount}) UNION ALL (${recount} EXCEPT ALL ${rollups}))`,
      format: 'JSONEachRow',
    });
    const [row] = await answer.json<{ n: string }>();
    found[String(name)] = Number(row?.n);
  }
  return found;
}
