import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { KeyRing } from './key-ring';
import {
  lookupOf,
  makeSubject,
  openSubject,
  packSubject,
  SubjectKey,
  SubjectRecord,
  unpackSubject,
} from './subject-record';

/** Subjects that a process remembers. */
const REMEMBERED = 50_000;
/** Subjects per command, so that no command keeps Redis from others for long. */
const CHUNK = 1000;

/** Puts new subjects there unless they exist, notes the new ones as not in ClickHouse yet, and gives what counts. */
const BEAR = `
if redis.call('EXISTS', KEYS[3]) == 0 then return false end
local out = {}
for i = 2, #ARGV, 2 do
  if redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1]) == 1 then
    redis.call('SADD', KEYS[2], ARGV[1] .. '/' .. ARGV[i])
  end
  out[#out + 1] = redis.call('HGET', KEYS[1], ARGV[i])
end
return out`;

/** From ids of people to their references and keys, for ingest. Knows nothing of ClickHouse. */
@Injectable()
export class SubjectDirectory {
  private readonly remembered = new Remembered();

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {
    ring.onChange(() => this.remembered.clear());
  }

  /**
   * The subjects of all `ids`; those seen for the first time are made, and are durable in Redis when this resolves.
   * @throws AppError 503 `KEYS_UNAVAILABLE`
   */
  async resolve(tenant: string, ids: ReadonlySet<string>): Promise<Map<string, SubjectKey>> {
    await this.ring.fresh();
    const found = new Map<string, SubjectKey>();
    const missing: string[] = [];
    for (const id of ids) {
      const known = this.remembered.get(tenant, id);
      if (known) found.set(id, known);
      else missing.push(id);
    }
    for (let i = 0; i < missing.length; i += CHUNK) await this.load(tenant, missing.slice(i, i + CHUNK), found);
    return found;
  }

  /**
   * References of those among `ids` that are known; makes nothing.
   * @throws AppError 503 `KEYS_UNAVAILABLE`
   */
  async find(tenant: string, ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const { key } = await this.ring.active('lookup', tenant);
    const lookups = ids.map((id) => lookupOf(key, id));
    const texts = await reachable(this.redis.hmget(this.keys.subjects(tenant), ...lookups));
    return texts.flatMap((text, i) => (text === null ? [] : [unpackSubject(tenant, lookups[i] ?? '', text).reference]));
  }

  private async load(tenant: string, ids: string[], found: Map<string, SubjectKey>): Promise<void> {
    const { key: lookupKey } = await this.ring.active('lookup', tenant);
    const wrapping = await this.ring.active('tenant', tenant);
    const { generation } = this.ring;
    const wanted = ids.map((id) => ({ id, lookup: lookupOf(lookupKey, id) }));
    const texts = await reachable(this.redis.hmget(this.keys.subjects(tenant), ...wanted.map((w) => w.lookup)));
    const unborn: { id: string; lookup: string; record: SubjectRecord; key: Buffer }[] = [];
    const subjects: [string, SubjectKey][] = [];
    for (const [i, { id, lookup }] of wanted.entries()) {
      const text = texts[i];
      if (typeof text === 'string') subjects.push([id, await this.open(tenant, lookup, text)]);
      else unborn.push({ id, lookup, ...makeSubject(tenant, id, lookup, wrapping, this.clock.now()) });
    }
    for (const [i, text] of (await this.bear(tenant, unborn)).entries()) {
      const own = unborn[i];
      if (!own) continue;
      const isOurs = text.includes(own.record.reference);
      const { reference } = own.record;
      subjects.push([own.id, isOurs ? { reference, key: own.key } : await this.open(tenant, own.lookup, text)]);
    }
    // What an erasure has overtaken in the meantime may be used for this request, but not be remembered.
    const remember = this.ring.generation === generation;
    for (const [id, subject] of subjects) {
      found.set(id, subject);
      if (remember) this.remembered.set(tenant, id, subject);
    }
  }

  private async bear(tenant: string, unborn: { lookup: string; record: SubjectRecord }[]): Promise<string[]> {
    if (unborn.length === 0) return [];
    const { keys } = this;
    const records = unborn.flatMap(({ lookup, record }) => [lookup, packSubject(record)]);
    const answer = await reachable(
      this.redis.eval(BEAR, 3, keys.subjects(tenant), keys.unsavedSubjects(), keys.keyEpoch(), tenant, ...records),
    );
    if (!Array.isArray(answer)) throw unavailable();
    return answer as string[];
  }

  private async open(tenant: string, lookup: string, text: string): Promise<SubjectKey> {
    const record = unpackSubject(tenant, lookup, text);
    const wrapping = await this.ring.get('tenant', tenant, record.keyNumber);
    return { reference: record.reference, key: openSubject(record, wrapping) };
  }
}

type ByTenant = Map<string, Map<string, SubjectKey>>;

/** Subjects by tenant and id: at least the last `REMEMBERED / 2` that were used, at most `REMEMBERED`. */
class Remembered {
  private young: ByTenant = new Map();
  private old: ByTenant = new Map();
  private youngCount = 0;

  get(tenant: string, id: string): SubjectKey | undefined {
    const young = this.young.get(tenant)?.get(id);
    if (young) return young;
    const old = this.old.get(tenant)?.get(id);
    if (old) this.set(tenant, id, old);
    return old;
  }

  set(tenant: string, id: string, subject: SubjectKey): void {
    if (this.youngCount >= REMEMBERED / 2) {
      this.old = this.young;
      this.young = new Map();
      this.youngCount = 0;
    }
    const ofTenant = this.young.get(tenant) ?? new Map<string, SubjectKey>();
    this.young.set(tenant, ofTenant);
    if (!ofTenant.has(id)) this.youngCount++;
    ofTenant.set(id, subject);
  }

  clear(): void {
    this.young = new Map();
    this.old = new Map();
    this.youngCount = 0;
  }
}

async function reachable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw unavailable(cause);
  }
}

const unavailable = (cause?: unknown) =>
  new AppError(
    'KEYS_UNAVAILABLE',
    503,
    'the keys of data subjects cannot be read right now; nothing was stored, try again',
    {
      cause,
      retryAfter: 2,
    },
  );
