import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import type { Remembered } from './rule-evaluator';

const META = '@';
const meta = z.object({ cursor: z.number().int(), triggers: z.array(z.string()) });

/** Gives up a tenant that waits, unless something of it has landed that rules have not seen. KEYS: pending, cursors, inflight, leaf. */
const FINISH = `
local seen = tonumber(string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '0|', '^(%d+)|'))
local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
local stored = tonumber(first[2] or redis.call('GET', KEYS[4]) or 0)
if seen < stored then return 0 end
return redis.call('SREM', KEYS[1], ARGV[1])`;

/**
 * Keeps what changed since the last time. Refused if what is kept is as new: then another process has gone on.
 * KEYS[1]: state. ARGV: cursor, meta, whether to begin anew, then field, value pairs; '' removes the field.
 */
const KEEP = `
local kept = redis.call('HGET', KEYS[1], '@')
if kept and cjson.decode(kept).cursor > tonumber(ARGV[1]) then return 0 end
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
for i = 4, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
redis.call('HSET', KEYS[1], '@', ARGV[2])
return 1`;

/** What rules remembered of a tenant when they had seen all events of leaf indices below `cursor`. */
export interface KeptState {
  cursor: number;
  triggers: ReadonlySet<string>;
  groups: Remembered[];
}

/** Where rules stand, and what they remember, in Redis. */
@Injectable()
export class RuleStateStore {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** Tenants that may have events which rules have not seen. */
  pending(): Promise<string[]> {
    return this.redis.smembers(this.keys.rulesPending());
  }

  async finish(tenant: string): Promise<void> {
    const { keys } = this;
    await this.redis.eval(
      FINISH,
      4,
      ...[keys.rulesPending(), keys.ruleCursors(), keys.inFlight(tenant), keys.nextLeaf(tenant)],
      tenant,
    );
  }

  /** `cursor`: rules have seen the leaves below it. `stored`: all leaves below it are in ClickHouse. */
  async position(tenant: string): Promise<{ cursor: number; stored: number }> {
    const { keys } = this;
    await this.redis.hsetnx(keys.ruleCursors(), tenant, '0|');
    const replies = await this.redis
      .multi()
      .hget(keys.ruleCursors(), tenant)
      .zrange(keys.inFlight(tenant), '0', '0', 'WITHSCORES')
      .get(keys.nextLeaf(tenant))
      .exec();
    const [cursor, first, next] = (replies ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    }) as [string, string[], string | null];
    return { cursor: Number.parseInt(cursor, 10), stored: Number(first[1] ?? next ?? 0) };
  }

  /** Before this time (ms) nothing is on its way any more that was received. */
  async receivedUntil(now: number): Promise<number> {
    const oldest = await this.redis.zrange(this.keys.segments(), '0', '0', 'WITHSCORES');
    return Math.min(now, Number(oldest[1] ?? now));
  }

  async load(tenant: string): Promise<KeptState | undefined> {
    const fields = await this.redis.hgetall(this.keys.ruleState(tenant));
    const head = fields[META];
    if (head === undefined) return undefined;
    const { cursor, triggers } = meta.parse(JSON.parse(head));
    const groups = Object.entries(fields).flatMap(([field, text]) => {
      const line = field.indexOf('\n');
      return line < 0 ? [] : [{ trigger: field.slice(0, line), group: field.slice(line + 1), state: text }];
    });
    return { cursor, triggers: new Set(triggers), groups };
  }

  /** @param anew whether `changes` are all there is. Returns false if another process has kept something newer. */
  async keep(
    tenant: string,
    cursor: number,
    triggers: readonly string[],
    changes: readonly Remembered[],
    anew: boolean,
  ): Promise<boolean> {
    const pairs = changes.flatMap(({ trigger, group, state }) => [`${trigger}\n${group}`, state ?? '']);
    const head = JSON.stringify({ cursor, triggers });
    const key = this.keys.ruleState(tenant);
    return (await this.redis.eval(KEEP, 1, key, String(cursor), head, anew ? '1' : '0', ...pairs)) === 1;
  }

  async hasBegun(): Promise<boolean> {
    return (await this.redis.exists(this.keys.rulesBegun())) === 1;
  }

  /** Settles where rules begin; tenants not named begin with their first event. */
  async begin(cursors: readonly { tenant: string; cursor: number }[]): Promise<void> {
    const change = this.redis.multi();
    for (const { tenant, cursor } of cursors) {
      change.hsetnx(this.keys.ruleCursors(), tenant, `${cursor}|`);
      change.sadd(this.keys.rulesPending(), tenant);
    }
    change.set(this.keys.rulesBegun(), '1');
    for (const [error] of (await change.exec()) ?? []) if (error) throw error;
  }
}
