import { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { NARROW, readRows, UNLOGGED } from '../clickhouse/read-rows';
import type { Window } from './progress';
import { countEvents } from './rollup-sql';

/** The result becomes one block, however large, and that one part. A repetition is told by its batches, not by its bytes. */
const ONE_PART = {
  async_insert: 0,
  insert_deduplicate: 0,
  max_insert_threads: '1',
  max_insert_block_size: '100000000',
  min_insert_block_size_rows: '100000000',
  min_insert_block_size_bytes: '0',
  log_queries: 0,
} as const;

const COUNTED = "SELECT batch FROM rollups WHERE tenant = '' AND dimension = 'batch'";

/** Every statement by which events are counted into `rollups`. Of all tenants: nothing of it is shown to anybody. */
@Injectable()
export class RollupStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  /** Now by ClickHouse's clock, ms since the epoch. */
  async readClock(): Promise<number> {
    const [row] = await this.rows<{ now: number }>('SELECT toUnixTimestamp64Milli(now64(3)) AS now', {});
    return Number(row?.now);
  }

  /** Batches of the window that have rows and are not counted, ascending. */
  pending({ after, to, except, holes }: Window): Promise<{ batch: number; rows: number }[]> {
    return this.rows(
      `SELECT batch, count() AS rows FROM events
       WHERE ((batch > {after:UInt64} AND batch <= {to:UInt64} AND batch NOT IN {except:Array(UInt64)}) OR batch IN {holes:Array(UInt64)})
         AND batch NOT IN (${COUNTED} AND ((batch > {after:UInt64} AND batch <= {to:UInt64}) OR batch IN {holes:Array(UInt64)}))
       GROUP BY batch ORDER BY batch`,
      { after, to, except, holes },
      NARROW,
    );
  }

  /** Counts batches, all or none; none if ClickHouse starts on it after the deadline (its clock, ms). */
  async count(batches: number[], queryId: string, deadline: number): Promise<void> {
    const select = countEvents(
      'batch IN {batches:Array(UInt64)} AND toUnixTimestamp64Milli(now64(3)) <= {deadline:Int64}',
    );
    await this.clickhouse.command({
      query: `INSERT INTO rollups ${select}`,
      query_params: { batches, deadline: Math.round(deadline) },
      query_id: queryId,
      clickhouse_settings: ONE_PART,
    });
  }

  /** How many of these batches are counted. */
  async counted(batches: number[]): Promise<number> {
    const [row] = await this.rows<{ n: number }>(
      `SELECT uniqExact(batch) AS n FROM (${COUNTED} AND batch IN {batches:Array(UInt64)})`,
      { batches },
      NARROW,
    );
    return row?.n ?? 0;
  }

  /** The lowest batch that has events and is not counted, of all there are. */
  async firstUncounted(): Promise<number | undefined> {
    const [row] = await this.rows<{ first: number; n: number }>(
      `SELECT min(batch) AS first, count() AS n FROM events WHERE batch NOT IN (${COUNTED})`,
      {},
    );
    return row && row.n > 0 ? row.first : undefined;
  }

  /** Ends the inserts whose ids begin like this; resolves when none of them runs any more. */
  async settle(prefix: string): Promise<void> {
    await this.clickhouse.command({
      query: 'KILL QUERY WHERE startsWith(query_id, {prefix:String}) SYNC',
      query_params: { prefix },
    });
    for (;;) {
      const running = await this.rows('SELECT 1 FROM system.processes WHERE startsWith(query_id, {prefix:String})', {
        prefix,
      });
      if (running.length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  private rows<T>(
    query: string,
    params: Record<string, unknown>,
    settings: ClickHouseSettings = UNLOGGED,
  ): Promise<T[]> {
    return readRows(this.clickhouse, query, params, settings);
  }
}
