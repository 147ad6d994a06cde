import { ClickHouseClient } from '@clickhouse/client';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CLICKHOUSE } from '../clickhouse/clickhouse.module';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';

/** Leaf and batch counters live in Redis; after a loss of Redis they are found again in ClickHouse. */
@Injectable()
export class Counters {
  private readonly log = new Logger('Counters');

  constructor(
    @Inject(CLICKHOUSE) private readonly clickhouse: ClickHouseClient,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** Makes sequencing possible. Nothing is sequenced before this has run, so counters cannot move under it. */
  async restore(): Promise<void> {
    if (await this.redis.exists(this.keys.ready())) return;
    const answer = await this.clickhouse.query({
      // Leaves outlive their events: a place in the ledger is never given twice, also when retention has emptied a tenant.
      query: `SELECT tenant, toString(max(leaf) + 1) AS next, toString(max(number)) AS batch
              FROM (SELECT tenant, max(leaf_index) AS leaf, max(batch) AS number FROM events GROUP BY tenant
                    UNION ALL
                    SELECT tenant, max(leaf_index) AS leaf, 0 AS number FROM ledger_leaves GROUP BY tenant)
              GROUP BY tenant`,
      format: 'JSONEachRow',
    });
    const tenants = await answer.json<{ tenant: string; next: string; batch: string }>();
    // So do the numbers of batches that statistics have counted: a batch of the same number would not be.
    const counted = await this.clickhouse.query({
      query: "SELECT toString(max(batch)) AS batch FROM rollups WHERE tenant = '' AND dimension = 'batch'",
      format: 'JSONEachRow',
    });
    const batches = [...tenants, ...(await counted.json<{ batch: string }>())].map((row) => BigInt(row.batch));
    const change = this.redis.multi();
    for (const { tenant, next } of tenants) change.set(this.keys.nextLeaf(tenant), next, 'NX');
    const batch = batches.reduce((max, number) => (number > max ? number : max), 0n);
    change.set(this.keys.batchNumber(), batch.toString(), 'NX');
    change.set(this.keys.ready(), '1');
    for (const [error] of (await change.exec()) ?? []) if (error) throw error;
    this.log.log(`counters of ${tenants.length} tenants stand, last batch ${batch}`);
  }
}
