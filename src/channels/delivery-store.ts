import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { delivery, Delivery, isFinal } from './delivery';

/** What is done and in the log stays known for so long, s: a step that comes again is told apart by it. */
const KEPT_S = 7 * 86_400;

/**
 * Puts a delivery there unless it is, and with it the digest that it waits for. KEYS: delivery, unlogged, digest, open digests,
 * items. ARGV: id, JSON, digest id or '', JSON of the digest, due. Returns what is there; nothing if the digest has gone out.
 */
const PLACE = `
local there = redis.call('GET', KEYS[1])
if there then return there end
if ARGV[3] ~= '' then
  if redis.call('EXISTS', KEYS[3]) == 0 then
    redis.call('SET', KEYS[3], ARGV[4])
    redis.call('SADD', KEYS[2], ARGV[3])
    redis.call('ZADD', KEYS[4], ARGV[5], ARGV[3])
  elseif not redis.call('ZSCORE', KEYS[4], ARGV[3]) then
    return false
  end
  redis.call('SADD', KEYS[5], ARGV[1])
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
return ARGV[2]`;

/** Saves a change unless another one came first. KEYS: delivery, unlogged. ARGV: id, JSON, its revision. */
const SAVE = `
local there = redis.call('GET', KEYS[1])
if there and cjson.decode(there).revision >= tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
return 1`;

/** Notes that the log has this revision. KEYS: delivery, unlogged. ARGV: id, revision, seconds to keep it or 0. */
const LOGGED = `
local there = redis.call('GET', KEYS[1])
if there and tostring(cjson.decode(there).revision) ~= ARGV[2] then return 0 end
if there and ARGV[3] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return redis.call('SREM', KEYS[2], ARGV[1])`;

/** How many came to an address before this one within the window. KEYS: window. ARGV: id, now, length. */
const RANK = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[3])
redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('ZRANK', KEYS[1], ARGV[1])`;

/** Takes the next place in an even flow, unless that is later than now. ARGV: now, ms between two. Returns ms to wait. */
const TAKE = `
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
local now = tonumber(ARGV[1])
local spacing = tonumber(ARGV[2])
-- A burst of five, then evenly.
local wait = free - now - 4 * spacing
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], string.format('%.0f', math.max(free, now) + spacing), 'PX', math.ceil(10 * spacing + 1000))
return 0`;

/** Messages on their way, in Redis. */
@Injectable()
export class DeliveryStore {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
  ) {}

  /** Puts a delivery there unless it is already; returns what is there then. */
  async place(fresh: Delivery): Promise<Delivery> {
    return (await this.placeInto(fresh, undefined)) ?? fresh;
  }

  /** The same for one that waits for a digest; undefined if that has gone out already and takes no more. */
  async placeInto(fresh: Delivery, digest: Delivery | undefined): Promise<Delivery | undefined> {
    const { keys } = this;
    const into = digest?.id ?? '';
    const answer = await this.redis.eval(
      PLACE,
      5,
      ...[keys.notification(fresh.id), keys.notificationsUnlogged(), keys.notification(into), keys.openDigests()],
      keys.digestItems(into),
      ...[fresh.id, JSON.stringify(fresh), into, JSON.stringify(digest ?? {}), String(digest?.dueAt ?? 0)],
    );
    return typeof answer === 'string' ? read(answer) : undefined;
  }

  async get(id: string): Promise<Delivery | undefined> {
    const text = await this.redis.get(this.keys.notification(id));
    return text === null ? undefined : read(text);
  }

  /** Those of the deliveries that are in Redis. */
  async find(ids: readonly string[]): Promise<Delivery[]> {
    const found: Delivery[] = [];
    for (let i = 0; i < ids.length; i += CHUNK) {
      const texts = await this.redis.mget(ids.slice(i, i + CHUNK).map((id) => this.keys.notification(id)));
      found.push(...texts.flatMap((text) => (text === null ? [] : [read(text)])));
    }
    return found;
  }

  /** False, and nothing is changed, if another process has changed it since it was read. */
  async save(changed: Delivery): Promise<boolean> {
    const { keys } = this;
    const where = [keys.notification(changed.id), keys.notificationsUnlogged()];
    const revision = String(changed.revision);
    return (await this.redis.eval(SAVE, 2, ...where, changed.id, JSON.stringify(changed), revision)) === 1;
  }

  /** Place of this delivery among those to the address within the window, from 0. The same one has the same place. */
  async rank(target: string, id: string, now: number, windowMs: number): Promise<number> {
    const key = this.keys.notificationFlood(target);
    return Number(await this.redis.eval(RANK, 1, key, id, String(now), String(windowMs)));
  }

  /** ms until a message may go to the address; 0: now, and it counts as gone. */
  async take(target: string, now: number, perMinute: number): Promise<number> {
    const key = this.keys.notificationRate(target);
    return Number(await this.redis.eval(TAKE, 1, key, String(now), String(60_000 / perMinute)));
  }

  /** Digests that have to go out at `now`. */
  async dueDigests(now: number): Promise<string[]> {
    return this.redis.zrangebyscore(this.keys.openDigests(), '-inf', now, 'LIMIT', 0, CHUNK);
  }

  /** Ends a digest: nothing is added to it any more. Returns what it tells of. */
  async closeDigest(id: string): Promise<Delivery[]> {
    await this.redis.zrem(this.keys.openDigests(), id);
    return this.find(await this.redis.smembers(this.keys.digestItems(id)));
  }

  async forgetDigest(id: string): Promise<void> {
    await this.redis.del(this.keys.digestItems(id));
  }

  async unlogged(limit: number): Promise<string[]> {
    return this.redis.srandmember(this.keys.notificationsUnlogged(), limit);
  }

  async logged(saved: Pick<Delivery, 'id' | 'revision' | 'state'>): Promise<void> {
    const { keys } = this;
    const where = [keys.notification(saved.id), keys.notificationsUnlogged()];
    const keep = isFinal(saved) ? KEPT_S : 0;
    await this.redis.eval(LOGGED, 2, ...where, saved.id, String(saved.revision), String(keep));
  }
}

const CHUNK = 500;
const read = (text: string): Delivery => delivery.parse(JSON.parse(text));
