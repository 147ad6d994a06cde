import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';

/** For queries that are frequent, or that hold ids of people: no log of the store may keep them. */
export const UNLOGGED = { log_queries: 0 } as const;

/** All rows of a query, its 64-bit integers as numbers. Who reads for a person who waits takes `SearchStore.rows`, which has limits. */
export async function readRows<Row>(
  clickhouse: ClickHouseClient,
  query: string,
  params: Record<string, unknown>,
  settings: ClickHouseSettings = {},
): Promise<Row[]> {
  const answer = await clickhouse.query({
    query,
    query_params: params,
    format: 'JSONEachRow',
    clickhouse_settings: { ...settings, output_format_json_quote_64bit_integers: 0 },
  });
  return answer.json<Row>();
}
