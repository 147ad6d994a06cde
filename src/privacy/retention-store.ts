import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readColumns, uint64At } from '../clickhouse/native-columns';
import { readRows } from '../clickhouse/read-rows';
import { anyOf, Condition } from './condition';
import type { Partition } from './retention-manifest';
import { retentionEnd } from './retention-policy';
import { dueEvents, heldBy, RetentionScope } from './retention-scope';

/** Leaf indices in one look-up, so that sorting them takes little memory and time. */
const WINDOW = 5_000_000;
const POLL_MS = 200;

export interface DuePartition extends Partition {
  events: number;
  first: number;
  last: number;
}

export interface PreviewDay {
  retention: string;
  /** The first day on which they may be removed, as in 2026-11-23. */
  day: string;
  /** Without those held. */
  events: number;
  held: number;
}

/** What retention asks and does in ClickHouse. */
@Injectable()
export class RetentionStore {
  constructor(@Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient) {}

  async tenants(): Promise<string[]> {
    const rows = await this.rows<{ tenant: string }>('SELECT DISTINCT tenant FROM events ORDER BY tenant', {});
    return rows.map(({ tenant }) => tenant);
  }

  /** Where a tenant has something to remove. */
  async due(scope: RetentionScope, horizon: string): Promise<DuePartition[]> {
    const { sql, params } = dueEvents(scope, horizon, 't');
    return this.rows(
      `SELECT retention, toYYYYMM(received_at) AS month, count() AS events, min(leaf_index) AS first, max(leaf_index) AS last
       FROM events WHERE ${sql} GROUP BY retention, month ORDER BY month, retention`,
      params,
    );
  }

  /** Leaf indices to be removed from a partition, in rising order. */
  async *dueLeaves(scope: RetentionScope, horizon: string, partition: DuePartition): AsyncGenerator<number> {
    const { sql, params } = dueEvents(scope, horizon, 't');
    for (let from = partition.first; from <= partition.last; from += WINDOW) {
      const blocks = readColumns(
        this.clickhouse,
        `SELECT DISTINCT leaf_index FROM events
         WHERE ${sql} AND ${IN_PARTITION} AND leaf_index >= {from:UInt64} AND leaf_index < {to:UInt64}
         ORDER BY leaf_index`,
        { ...params, ...parametersOf(partition), from, to: from + WINDOW },
        [8],
      );
      for await (const [leaves] of blocks) {
        for (let row = 0; row * 8 < leaves.length; row++) yield uint64At(leaves, row);
      }
    }
  }

  /**
   * Removes from a partition what is due of the tenants; resolves when it is done, on this server and, in a cluster, on its
   * replicas in their own time. A mutation, since a lightweight delete would only hide the rows.
   */
  async remove(partition: Partition, scopes: readonly RetentionScope[], horizon: string): Promise<void> {
    if (scopes.length === 0) return;
    const due = this.dueOfAll(scopes, horizon);
    await this.clickhouse.command({
      query: `ALTER TABLE events DELETE IN PARTITION ({retention:String}, {month:UInt32}) WHERE ${due.sql}`,
      query_params: { ...due.params, ...parametersOf(partition) },
      clickhouse_settings: { mutations_sync: '0' },
    });
    await this.mutated();
    const [left] = await this.rows<{ n: number }>(
      `SELECT count() AS n FROM events WHERE (${due.sql}) AND ${IN_PARTITION}`,
      { ...due.params, ...parametersOf(partition) },
    );
    if (left?.n !== 0) throw new Error(`${left?.n} events that were to be removed are still there`);
  }

  /** What the days up to `last` will remove, by class and day; days before `today` count as today. */
  preview(scope: RetentionScope, today: string, last: string): Promise<PreviewDay[]> {
    const end = retentionEnd(scope.policies, 'end');
    const held = heldBy(scope.holds, 'preview');
    return this.rows(
      `SELECT retention, toString(greatest(${end.sql}, toDate({today:String}))) AS day,
              countIf(NOT (${held.sql})) AS events, countIf(${held.sql}) AS held
       FROM events
       WHERE tenant = {tenant:String} AND ${end.sql} <= toDate({last:String})
       GROUP BY retention, day ORDER BY day, retention`,
      { ...end.params, ...held.params, tenant: scope.tenant, today, last },
    );
  }

  /** Stored events of a tenant by class. */
  async stored(tenant: string): Promise<Map<string, number>> {
    const rows = await this.rows<{ retention: string; events: number }>(
      'SELECT retention, count() AS events FROM events WHERE tenant = {tenant:String} GROUP BY retention',
      { tenant },
    );
    return new Map(rows.map(({ retention, events }) => [retention, events]));
  }

  private dueOfAll(scopes: readonly RetentionScope[], horizon: string): Condition {
    return anyOf(scopes.map((scope, i) => dueEvents(scope, horizon, `t${i}`)));
  }

  /** Waits for every mutation of the events. It may take long, and is finished by ClickHouse also without us. */
  private async mutated(): Promise<void> {
    for (;;) {
      const [state] = await this.rows<{ running: number; failure: string }>(
        `SELECT count() AS running, any(latest_fail_reason) AS failure FROM system.mutations
         WHERE database = currentDatabase() AND table = 'events' AND NOT is_done`,
        {},
      );
      if (state?.running === 0) return;
      if (state?.failure) throw new Error(`ClickHouse cannot remove events: ${state.failure}`);
      await sleep(POLL_MS);
    }
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows(this.clickhouse, query, params);
  }
}

const IN_PARTITION = 'retention = {retention:String} AND toYYYYMM(received_at) = {month:UInt32}';
const parametersOf = ({ retention, month }: Partition) => ({ retention, month });
