import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { BLOCK } from '../../src/statistics/rollup-sql';

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

/** The projections of `rollups`: what each holds, and an equal question that the rollups themselves answer. */
const PROJECTIONS = {
  by_time: `SELECT tenant, toString(dimension) AS d, rollups.at AS start, sum(events) AS n, sum(failures) AS failed
            FROM DATABASE.rollups GROUP BY tenant, dimension, rollups.at`,
  by_block: `SELECT tenant, toString(dimension) AS d, ${BLOCK} AS block, resource_type, key, sum(events) AS n, sum(failures) AS failed,
                    min(first_at) AS first, max(last_at) AS last
             FROM DATABASE.rollups GROUP BY tenant, dimension, block, resource_type, key`,
};

/** Which projections of the rollups say anything else than the rollups; an error if one of them is not read at all. */
export async function differentProjections(clickhouse: ClickHouseClient, database: string): Promise<string[]> {
  const different: string[] = [];
  for (const [name, query] of Object.entries(PROJECTIONS)) {
    const ask = async (settings: ClickHouseSettings) => {
      const answer = await clickhouse.query({
        query: `SELECT count() AS groups, sum(cityHash64(*)) AS hash FROM (${query.replace('DATABASE', database)})`,
        format: 'JSONEachRow',
        clickhouse_settings: settings,
      });
      return JSON.stringify(await answer.json());
    };
    const projected = await ask({ force_optimize_projection_name: name });
    if (projected !== (await ask({ optimize_use_projections: 0 }))) different.push(name);
  }
  return different;
}
