import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { KeyKeeper } from './key-keeper';
import { KeyRing } from './key-ring';
import { KeyStore } from './key-store';
import { packSubject, rewrapSubject, SubjectRecord } from './subject-record';

/** Subjects at a time: between two groups others get the lock. */
const GROUP = 5000;
const PUBLISHED = 500;

/** Replaces subjects that are still there as they were, and so never brings an erased one back. */
const REPLACE = `
for i = 1, #ARGV, 4 do
  local text = redis.call('HGET', KEYS[1], ARGV[i])
  if text then
    local there = cjson.decode(text)
    if there[1] == ARGV[i + 1] and there[6] < tonumber(ARGV[i + 2]) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 3]) end
  end
end`;

/** Wraps the keys of data subjects by the newest key of their tenant, after a rotation. */
@Injectable()
export class SubjectRewrapper {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly ring: KeyRing,
    private readonly keeper: KeyKeeper,
    private readonly store: KeyStore,
  ) {}

  /** Does what there is to do, for all tenants; returns the number of subjects by tenant. Changes nothing when it is done. */
  async run(): Promise<Map<string, number>> {
    const done = new Map<string, number>();
    for (const { tenant, oldest } of await this.store.oldestWrappings()) {
      const newest = await this.ring.active('tenant', tenant);
      if (oldest >= newest.number) continue;
      const rewrapped = await this.rewrapTenant(tenant);
      if (rewrapped > 0) done.set(tenant, rewrapped);
    }
    if (done.size > 0) await this.store.forgetOldVersions('subjects');
    return done;
  }

  private async rewrapTenant(tenant: string): Promise<number> {
    for (let total = 0; ;) {
      const count = await this.keeper.alone(() => this.rewrapGroup(tenant));
      total += count;
      if (count < GROUP) return total;
    }
  }

  private async rewrapGroup(tenant: string): Promise<number> {
    await this.keeper.flushAlone();
    const newest = await this.ring.active('tenant', tenant);
    const records: SubjectRecord[] = [];
    for (const record of await this.store.subjectsWrappedBefore(tenant, newest.number, GROUP)) {
      records.push(rewrapSubject(record, await this.ring.get('tenant', tenant, record.keyNumber), newest));
    }
    // Redis first: what a crash keeps from ClickHouse is found there again.
    for (let i = 0; i < records.length; i += PUBLISHED) {
      const group = records.slice(i, i + PUBLISHED);
      const fields = group.flatMap((r) => [r.lookup, r.reference, String(r.version), packSubject(r)]);
      await this.redis.eval(REPLACE, 1, this.keys.subjects(tenant), ...fields);
    }
    await this.store.saveSubjects(records);
    return records.length;
  }
}
