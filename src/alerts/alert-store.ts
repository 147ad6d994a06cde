import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { alertRecord, AlertRecord, slotOf, transitionOf } from './alert';

/** Alerts resolved longer ago matter to no next hit, whatever the cooldown of their rule. */
export const KEPT_AFTER_RESOLVED_MS = 31 * 86_400_000;

/** The newest alert of a rule and group. */
const slot = z.object({
  alert: z.string(),
  open: z.boolean(),
  /** Hits from the one to below the other (event time, ms) open no other alert. */
  from: z.number(),
  until: z.number(),
});
export type Slot = z.output<typeof slot>;

/**
 * Changes values that carry a revision, `<revision>|<text>`, all or nothing: if any of them has another revision than
 * expected, nothing happens. ARGV[1]: JSON of `Change`.
 */
const COMMIT = `
local work = cjson.decode(ARGV[1])
for _, c in ipairs(work.checks) do
  local value = redis.call('HGET', c[1], c[2])
  local revision = value and string.match(value, '^(%d+)|') or ''
  if revision ~= c[3] then return 0 end
end
for _, s in ipairs(work.sets) do redis.call('HSET', s[1], s[2], s[3]) end
for _, z in ipairs(work.scores) do
  if z[3] == '' then redis.call('ZREM', z[1], z[2]) else redis.call('ZADD', z[1], z[3], z[2]) end
end
for _, m in ipairs(work.members) do redis.call('SADD', m[1], m[2]) end
for _, x in ipairs(work.entries) do redis.call('XADD', x[1], '*', 'transition', x[2]) end
return 1`;

/** Removes a member of a set whose value has not changed since. ARGV: member, field, revision. KEYS: set, hash. */
const SAVED = `
local value = redis.call('HGET', KEYS[2], ARGV[2])
if value and string.match(value, '^(%d+)|') ~= ARGV[3] then return 0 end
return redis.call('SREM', KEYS[1], ARGV[1])`;

/**
 * Forgets an alert that is saved and resolved, and what its rule and group led to it. KEYS: alerts, slots, resolved, unsaved.
 * ARGV: member, alert, slot, the latest that it may have been resolved.
 */
const FORGET = `
local resolved = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not resolved or tonumber(resolved) > tonumber(ARGV[4]) then return 0 end
if redis.call('SISMEMBER', KEYS[4], ARGV[1]) == 1 then return 0 end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[2])
local slot = redis.call('HGET', KEYS[2], ARGV[3])
if slot and string.find(slot, ARGV[2], 1, true) then redis.call('HDEL', KEYS[2], ARGV[3]) end
return 1`;

/** What is done in one step. Absent values have the revision ''. */
interface Change {
  checks: [key: string, field: string, revision: string][];
  sets: [key: string, field: string, value: string][];
  scores: [key: string, member: string, score: string][];
  members: [key: string, member: string][];
  entries: [key: string, text: string][];
}

/** A step of which everything or nothing happens: alerts, their slots, and whatever has to happen with them. */
export class AlertChange {
  readonly change: Change = { checks: [], sets: [], scores: [], members: [], entries: [] };

  constructor(
    private readonly keys: RedisKeys,
    private readonly tenant: string,
  ) {}

  /** Puts an alert in place of the one of `before` (undefined: there is none); with `isStep`, others are told of it. */
  put(alert: AlertRecord, before: number | undefined, isStep: boolean): void {
    const { keys, tenant, change } = this;
    const member = `${tenant}/${alert.id}`;
    change.checks.push([keys.alerts(tenant), alert.id, before === undefined ? '' : String(before)]);
    change.sets.push([keys.alerts(tenant), alert.id, withRevision(alert.revision, JSON.stringify(alert))]);
    change.scores.push([keys.alertsDue(), member, alert.dueAt === null ? '' : String(alert.dueAt)]);
    change.scores.push([keys.alertsResolved(), member, alert.resolvedAt === null ? '' : String(alert.resolvedAt)]);
    change.members.push([keys.alertsUnsaved(), member]);
    if (isStep) change.entries.push([keys.alertOutbox(), JSON.stringify(transitionOf(alert))]);
  }

  /** Makes `alert` what its rule and group lead to. `before`: revision of the slot. */
  putSlot(alert: AlertRecord, before: number | undefined): void {
    const key = this.keys.alertSlots(this.tenant);
    const name = slotOf(alert.ruleId, alert.group);
    const value: Slot = {
      alert: alert.id,
      open: alert.status !== 'resolved',
      from: alert.firstHitAt,
      until: alert.firstHitAt + alert.cooldownMs,
    };
    this.change.checks.push([key, name, before === undefined ? '' : String(before)]);
    this.change.sets.push([key, name, withRevision((before ?? 0) + 1, JSON.stringify(value))]);
  }

  /** Notes that so many hits of history are in an alert. */
  putHistory(name: string, alertId: string, counter: number, before: number | undefined): void {
    const key = this.keys.alertHistory(this.tenant);
    this.change.checks.push([key, name, before === undefined ? '' : String(before)]);
    this.change.sets.push([key, name, withRevision(counter, alertId)]);
  }

  /** Moves the place up to which rules have seen the events of the tenant. */
  moveCursor(from: number, to: number): void {
    const key = this.keys.ruleCursors();
    this.change.checks.push([key, this.tenant, String(from)]);
    this.change.sets.push([key, this.tenant, withRevision(to, '')]);
  }
}

const withRevision = (revision: number, text: string): string => `${revision}|${text}`;

/** A value with its revision, as it stands in Redis. */
function split(value: string): { revision: number; text: string } {
  const bar = value.indexOf('|');
  return { revision: Number(value.slice(0, bar)), text: value.slice(bar + 1) };
}

/** Alerts in Redis: what is unresolved, and what was resolved lately. */
@Injectable()
export class AlertStore {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  change(tenant: string): AlertChange {
    return new AlertChange(this.keys, tenant);
  }

  /** Whether it happened; false if something was changed by somebody else in the meantime. */
  async commit({ change }: AlertChange): Promise<boolean> {
    return (await this.redis.eval(COMMIT, 0, JSON.stringify(change))) === 1;
  }

  async get(tenant: string, id: string): Promise<AlertRecord | undefined> {
    return (await this.find(tenant, [id])).get(id);
  }

  /** Those of the alerts that are in Redis. */
  async find(tenant: string, ids: readonly string[]): Promise<Map<string, AlertRecord>> {
    const values = await this.values(this.keys.alerts(tenant), ids);
    return new Map([...values].map(([id, { text }]) => [id, alertRecord.parse(JSON.parse(text))]));
  }

  async slots(tenant: string, names: readonly string[]): Promise<Map<string, { revision: number; slot: Slot }>> {
    const values = await this.values(this.keys.alertSlots(tenant), names);
    return new Map(
      [...values].map(([name, { revision, text }]) => [name, { revision, slot: slot.parse(JSON.parse(text)) }]),
    );
  }

  /** How many hits of history are in which alert. */
  async history(tenant: string, names: readonly string[]): Promise<Map<string, { counter: number; alertId: string }>> {
    const values = await this.values(this.keys.alertHistory(tenant), names);
    return new Map([...values].map(([name, { revision, text }]) => [name, { counter: revision, alertId: text }]));
  }

  /** Up to which leaf index rules have seen the events of the tenant; undefined if they never have. */
  async cursor(tenant: string): Promise<number | undefined> {
    const value = await this.redis.hget(this.keys.ruleCursors(), tenant);
    return value === null ? undefined : split(value).revision;
  }

  /** Alerts whose escalation is due at `now`, the longest due first. */
  async due(now: number, limit: number): Promise<{ tenant: string; id: string }[]> {
    return (await this.redis.zrangebyscore(this.keys.alertsDue(), '-inf', now, 'LIMIT', 0, limit)).map(memberOf);
  }

  /** Some of the alerts that have to be saved. */
  async unsaved(limit: number): Promise<{ tenant: string; id: string }[]> {
    return (await this.redis.srandmember(this.keys.alertsUnsaved(), limit)).map(memberOf);
  }

  /** Notes that this revision is saved. */
  async saved({ tenant, id, revision }: Pick<AlertRecord, 'tenant' | 'id' | 'revision'>): Promise<void> {
    const keys = [this.keys.alertsUnsaved(), this.keys.alerts(tenant)];
    await this.redis.eval(SAVED, 2, ...keys, `${tenant}/${id}`, id, String(revision));
  }

  /** Forgets alerts that were resolved before `until` (ms) and are in the archive; returns how many. */
  async forget(until: number, limit: number): Promise<number> {
    const { keys } = this;
    let forgotten = 0;
    for (const member of await this.redis.zrangebyscore(keys.alertsResolved(), '-inf', until, 'LIMIT', 0, limit)) {
      const { tenant, id } = memberOf(member);
      const alert = await this.get(tenant, id);
      const name = alert ? slotOf(alert.ruleId, alert.group) : '';
      const hashes = [keys.alerts(tenant), keys.alertSlots(tenant), keys.alertsResolved(), keys.alertsUnsaved()];
      forgotten += Number(await this.redis.eval(FORGET, 4, ...hashes, member, id, name, String(until)));
    }
    return forgotten;
  }

  /** Steps that others have not been told of yet, oldest first. */
  async outbox(limit: number): Promise<{ entry: string; transition: string }[]> {
    const entries = await this.redis.xrange(this.keys.alertOutbox(), '-', '+', 'COUNT', limit);
    return entries.map(([entry, fields]) => ({ entry, transition: fields[1] ?? '' }));
  }

  async told(entry: string): Promise<void> {
    await this.redis.xdel(this.keys.alertOutbox(), entry);
  }

  private async values(
    key: string,
    fields: readonly string[],
  ): Promise<Map<string, { revision: number; text: string }>> {
    const found = new Map<string, { revision: number; text: string }>();
    for (let i = 0; i < fields.length; i += CHUNK) {
      const chunk = fields.slice(i, i + CHUNK);
      const values = await this.redis.hmget(key, ...chunk);
      chunk.forEach((field, n) => {
        const value = values[n];
        if (typeof value === 'string') found.set(field, split(value));
      });
    }
    return found;
  }
}

const CHUNK = 1000;

function memberOf(member: string): { tenant: string; id: string } {
  const slash = member.indexOf('/');
  return { tenant: member.slice(0, slash), id: member.slice(slash + 1) };
}
