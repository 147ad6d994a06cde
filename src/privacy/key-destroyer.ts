import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { readRows, UNLOGGED } from '../clickhouse/read-rows';
import { KeyKeeper } from '../keys/key-keeper';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { RedisFiles, rewriteRedisFiles } from './redis-log';
import { until } from './until';

/** Deletes a subject unless the same person has come back under a new reference. ARGV: keyed hash, reference, unsaved member. */
const FORGET = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text and string.find(text, '"' .. ARGV[2] .. '"', 1, true) then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('SREM', KEYS[2], ARGV[3])
end`;

/** Processes forget keys within two seconds of a new epoch (KeyRing). */
const FORGOTTEN_MS = 2500;

/** What is certain once keys are destroyed. */
export interface Destruction {
  redis: RedisFiles;
}

/** Destroys keys and mappings of people: in Redis, in ClickHouse, on their disks and in the memory of all processes. */
@Injectable()
export class KeyDestroyer {
  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly keeper: KeyKeeper,
  ) {}

  /**
   * Resolves when nothing of these subjects is left. Doing it again does no harm. The references stand in `erasures` already, so
   * nobody takes them from ClickHouse any more. Redis goes first: while ClickHouse has the row, it tells what to delete there.
   * @param deadline ms since the epoch; then it rejects, and has to be done again
   */
  async destroy(tenant: string, references: readonly string[], deadline: number): Promise<Destruction> {
    await this.keeper.alone(async () => {
      const mappings = await this.mappings(tenant, references);
      for (const { lookup, reference } of mappings) {
        const { keys } = this;
        const member = `${tenant}/${lookup}`;
        await this.redis.eval(FORGET, 2, keys.subjects(tenant), keys.unsavedSubjects(), lookup, reference, member);
      }
      await this.keeper.touch();
      // Another mutation would make new old parts, and their end would have to be waited for again.
      if (mappings.length > 0) await this.deleteRows(tenant, references);
    });
    const forgotten = sleep(FORGOTTEN_MS);
    await this.partsGone(references, deadline);
    const redis = await rewriteRedisFiles(this.redis, deadline);
    await forgotten;
    return { redis };
  }

  private mappings(tenant: string, references: readonly string[]): Promise<{ lookup: string; reference: string }[]> {
    return this.rows(
      `SELECT DISTINCT lookup, reference FROM subjects
       WHERE tenant = {tenant:String} AND reference IN {references:Array(String)}`,
      { tenant, references },
    );
  }

  /** A real mutation: a lightweight delete would only hide the row. Waits for it, on all replicas. */
  private async deleteRows(tenant: string, references: readonly string[]): Promise<void> {
    await this.clickhouse.command({
      query: `ALTER TABLE subjects DELETE WHERE tenant = {tenant:String} AND reference IN {references:Array(String)}`,
      query_params: { tenant, references },
      clickhouse_settings: { mutations_sync: '2' },
    });
  }

  /** Parts from before the mutation hold the row until they leave the disk: here after a second or two (migration 0031). */
  private async partsGone(references: readonly string[], deadline: number): Promise<void> {
    const [reference] = references;
    await until('old parts of the table subjects to leave the disk', deadline, async () => {
      const [row] = await this.rows<{ left: number }>(
        `SELECT count() AS left FROM system.parts
         WHERE database = currentDatabase() AND table = 'subjects' AND data_version <
         (
             SELECT max(arrayMax(block_numbers.number)) FROM system.mutations
             WHERE database = currentDatabase() AND table = 'subjects' AND position(command, {reference:String}) > 0
         )`,
        { reference },
      );
      return row?.left === 0;
    });
  }

  private rows<T>(query: string, params: Record<string, unknown>): Promise<T[]> {
    return readRows(this.clickhouse, query, params, UNLOGGED);
  }
}
