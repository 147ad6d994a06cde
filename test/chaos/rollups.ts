import type { ClickHouseClient } from '@clickhouse/client';
import type { Check } from './checks';

interface View {
  name: string;
  target: string;
  /** The view's own SELECT over the events. */
  select: string;
}

interface Column {
  name: string;
  type: string;
  key: number;
}

/**
 * Compares each table that a materialized view over `events` fills with what its own SELECT makes of the events now. The views
 * are found in the system tables, so a rollup that is added later is checked without a change here.
 */
export async function checkRollups(clickhouse: ClickHouseClient, database: string): Promise<Check> {
  const ask = async <T>(query: string, params: Record<string, unknown> = {}): Promise<T[]> => {
    const result = await clickhouse.query({ query, query_params: params, format: 'JSONEachRow' });
    return result.json<T>();
  };
  const views = await ask<View>(
    `SELECT name, as_select AS select, extract(create_table_query, ' TO [^. ]+\\\\.([a-zA-Z0-9_]+)') AS target
     FROM system.tables WHERE database = {database:String} AND engine = 'MaterializedView' AND target != ''
       AND match(as_select, 'FROM ([a-z_]+\\\\.)?events\\\\b')`,
    { database },
  );
  const faults: string[] = [];
  for (const { name, target, select } of views) {
    const columns = await ask<Column>(
      `SELECT name, type, is_in_sorting_key AS key FROM system.columns
       WHERE database = {database:String} AND table = {target:String} ORDER BY position`,
      { database, target },
    );
    const sides = [`SELECT * FROM ${database}.${target}`, select].map((from) => summed(columns, from));
    const [row] = await ask<{ n: string }>(
      `SELECT count() AS n FROM ((${sides.join(') EXCEPT ALL (')}) UNION ALL ((${sides.reverse().join(') EXCEPT ALL (')})))`,
    );
    if (row?.n !== '0') faults.push(`${name}: ${row?.n} groups of ${target} differ from the events`);
  }
  return {
    name: 'rollups = recomputed from events',
    ok: faults.length === 0,
    detail: views.length > 0 ? views.map(({ target }) => target).join(', ') : 'there are no rollups',
    faults,
  };
}

/** Merges the rows of each key, whatever kind of aggregate the other columns hold. */
function summed(columns: Column[], from: string): string {
  const keys = columns.filter(({ key }) => key === 1).map(({ name }) => name);
  const values = columns
    .filter(({ key }) => key === 0)
    .map(({ name, type }) => {
      const state = /^AggregateFunction\((\w+)/.exec(type)?.[1];
      const simple = /^SimpleAggregateFunction\((\w+)/.exec(type)?.[1];
      return state ? `${state}Merge(${name}) AS ${name}_` : `${simple ?? 'sum'}(${name}) AS ${name}_`;
    });
  return `SELECT ${[...keys, ...values].join(', ')} FROM (${from}) GROUP BY ${keys.join(', ')}`;
}
