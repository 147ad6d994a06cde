import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { readRows as readAll } from '../clickhouse/read-rows';
import { bounded, timeOf } from '../search/event-where';
import { searchError } from '../search/search-store';

/** From one time, inclusive, to another, exclusive; ms since the epoch. */
export interface Range {
  from: number;
  to: number;
}

/** Seconds that a question to a register may take. */
const MAX_SECONDS = 60;
/** Past these bytes ClickHouse groups and sorts on disk: a register takes the same memory however many events there are. */
const SPILL_BYTES = String(256 * 1024 * 1024);

const SETTINGS: ClickHouseSettings = {
  max_execution_time: MAX_SECONDS,
  timeout_overflow_mode: 'throw',
  cancel_http_readonly_queries_on_client_close: 1,
  max_bytes_before_external_group_by: SPILL_BYTES,
  max_bytes_before_external_sort: SPILL_BYTES,
  max_bytes_ratio_before_external_group_by: 0,
  max_bytes_ratio_before_external_sort: 0,
};

/**
 * The rows of one question.
 * @throws AppError 503 or 504 as searches do
 */
export async function readRows<Row>(
  client: ClickHouseClient,
  query: string,
  params: Record<string, unknown>,
): Promise<Row[]> {
  try {
    return await readAll<Row>(client, query, params, SETTINGS);
  } catch (error) {
    throw searchError(error);
  }
}

/** The events of a tenant that occurred within a range; binds `tenant`, `from` and `to`. */
export const WITHIN = `tenant = {tenant:String} AND occurred_at >= ${timeOf('from')} AND occurred_at < ${timeOf('to')}`;

/** The parameters of `WITHIN`. */
export const within = (tenant: string, { from, to }: Range) => ({ tenant, from: bounded(from), to: bounded(to) });

/** The time of an event as ms since the epoch. */
export const AT = 'toUnixTimestamp64Milli(occurred_at)';
