import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { RedisKeys } from '../redis/redis-keys';
import { withLock } from '../redis/redis-lock';
import { REDIS } from '../redis/redis.module';
import { keyName, keyRecord, KeyRecord } from './key-record';
import { newEpoch } from './key-ring';
import { KeyStore } from './key-store';
import type { RootKeys } from './root-key';
import { packSubject, SubjectRecord, unpackSubject } from './subject-record';

const LOCK_WAIT_MS = 60_000;
const CHUNK = 5000;
const PUBLISHED = 500;

const PUBLISH = `
for i = 1, #ARGV, 3 do
  local there = redis.call('HGET', KEYS[1], ARGV[i])
  if not there or cjson.decode(there).version < tonumber(ARGV[i + 1]) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
  end
end`;

/** What the writer needs: that nothing is stored in ClickHouse whose key is not there. */
export abstract class SubjectPersister {
  /** Resolves when every key and subject that was born before this call is in ClickHouse. One command if there is none. */
  abstract flush(): Promise<void>;
}

/** Keeps the truth in ClickHouse and the projection in Redis in step. */
@Injectable()
export class KeyKeeper extends SubjectPersister {
  private readonly log = new Logger('Keys');
  private readonly preparations: (() => Promise<void>)[] = [];

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly store: KeyStore,
  ) {
    super();
  }

  async flush(): Promise<void> {
    const { keys } = this;
    const [born, bornKeys] = await Promise.all([
      this.redis.exists(keys.unsavedSubjects()),
      this.redis.exists(keys.unsavedCryptoKeys()),
    ]);
    if (born + bornKeys > 0) await this.alone(() => this.flushAlone());
  }

  /** `prepare` runs before a Redis that has lost its keys serves again: whatever else ingest needs of ClickHouse comes back. */
  beforeReady(prepare: () => Promise<void>): void {
    this.preparations.push(prepare);
  }

  /** Does what must not overlap with another change of keys or subjects as a whole. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return withLock(this.redis, this.keys.keyLock(), LOCK_WAIT_MS, work);
  }

  /** `flush` for a caller that holds the lock. */
  async flushAlone(): Promise<void> {
    await this.flushKeys();
    for (;;) {
      const members = await this.redis.srandmember(this.keys.unsavedSubjects(), CHUNK);
      if (members.length === 0) return;
      await this.flushSubjects(members);
    }
  }

  /**
   * Gives Redis what it lacks: all keys, and the subjects too if it has fewer than ClickHouse or no epoch. Sets the epoch
   * last: before that, ingest makes no new keys. Changes nothing on a Redis that is whole.
   * @throws AppError `KEY_CONFLICT` if both know a key of one name that is not the same
   */
  async restore(): Promise<void> {
    await this.alone(async () => {
      const saved = await this.store.keys();
      const known = await this.redis.hgetall(this.keys.cryptoKeys());
      const lacking = saved.filter((record) => isNewer(record, known[keyName(record)]));
      const ready = (await this.redis.exists(this.keys.keyEpoch())) === 1;
      if (lacking.length > 0) await this.publish(lacking);
      const subjects = await this.restoreSubjects(!ready);
      if (!ready) for (const prepare of this.preparations) await prepare();
      if (!ready || lacking.length > 0) await this.touch();
      if (!ready) this.log.log(`gave Redis ${lacking.length} keys and ${subjects} data subjects`);
    });
  }

  /** @throws AppError `ROOT_KEY_WRONG` if a stored key is wrapped by a root key that we do not have */
  async assertRootKey(roots: RootKeys): Promise<void> {
    for (const record of await this.store.keys()) roots.byId(record.rootId);
  }

  /** Puts changed records into Redis unless it has later ones; `touch` then makes everyone read them. */
  async publish(records: KeyRecord[]): Promise<void> {
    for (let i = 0; i < records.length; i += PUBLISHED) {
      const group = records.slice(i, i + PUBLISHED);
      const fields = group.flatMap((record) => [keyName(record), String(record.version), JSON.stringify(record)]);
      await this.redis.eval(PUBLISH, 1, this.keys.cryptoKeys(), ...fields);
    }
  }

  /** Stores changed records, first where their truth is. For a caller that holds the lock. */
  async change(records: KeyRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.store.saveKeys(records);
    await this.publish(records);
    await this.touch();
  }

  /** Makes every process forget keys and subjects within two seconds. */
  async touch(): Promise<void> {
    await this.redis.set(this.keys.keyEpoch(), newEpoch());
  }

  private async flushKeys(): Promise<void> {
    const names = await this.redis.smembers(this.keys.unsavedCryptoKeys());
    if (names.length === 0) return;
    const texts = await this.redis.hmget(this.keys.cryptoKeys(), ...names);
    const records = texts.flatMap((text) => (text === null ? [] : [keyRecord.parse(JSON.parse(text))]));
    const saved = new Map((await this.store.keys()).map((record) => [keyName(record), record]));
    for (const record of records) refuseConflict(record, saved.get(keyName(record)));
    await this.store.saveKeys(records.filter((record) => !saved.has(keyName(record))));
    await this.redis.srem(this.keys.unsavedCryptoKeys(), ...names);
  }

  private async flushSubjects(members: string[]): Promise<void> {
    const wanted = members.map((member) => {
      const at = member.indexOf('/');
      return { tenant: member.slice(0, at), lookup: member.slice(at + 1) };
    });
    const pipeline = this.redis.pipeline();
    for (const { tenant, lookup } of wanted) pipeline.hget(this.keys.subjects(tenant), lookup);
    const replies = (await pipeline.exec()) ?? [];
    const records = wanted.flatMap(({ tenant, lookup }, i) => {
      const [error, text] = replies[i] ?? [];
      if (error) throw error;
      return typeof text === 'string' ? [unpackSubject(tenant, lookup, text)] : [];
    });
    await this.store.saveSubjects(records);
    await this.redis.srem(this.keys.unsavedSubjects(), ...members);
  }

  private async restoreSubjects(all: boolean): Promise<number> {
    let restored = 0;
    for (const { tenant, subjects } of await this.store.countSubjects()) {
      if (!all && (await this.redis.hlen(this.keys.subjects(tenant))) >= subjects) continue;
      for await (const group of this.store.subjects(tenant)) {
        const pipeline = this.redis.pipeline();
        for (const record of group) pipeline.hsetnx(this.keys.subjects(tenant), record.lookup, packSubject(record));
        for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
        await this.takeBackErased(tenant, group);
        restored += group.length;
      }
    }
    return restored;
  }

  /** An erasure may have begun after the subjects were read, if this process lost its lock for a while. */
  private async takeBackErased(tenant: string, group: SubjectRecord[]): Promise<void> {
    const references = group.map(({ reference }) => reference);
    const erased = new Set(await this.store.erasedAmong(tenant, references));
    const lookups = group.flatMap(({ reference, lookup }) => (erased.has(reference) ? [lookup] : []));
    if (lookups.length > 0) await this.redis.hdel(this.keys.subjects(tenant), ...lookups);
  }
}

function isNewer(record: KeyRecord, text: string | undefined): boolean {
  if (text === undefined) return true;
  const known = keyRecord.parse(JSON.parse(text));
  refuseConflict(known, record);
  return known.version < record.version;
}

/** Two keys of one name: each has sealed something, so neither may replace the other. */
function refuseConflict(ours: KeyRecord, saved: KeyRecord | undefined): void {
  if (!saved || saved.createdAt === ours.createdAt) return;
  throw new AppError(
    'KEY_CONFLICT',
    500,
    `Redis and ClickHouse hold different keys ${keyName(ours)}: one of them was brought back from an old backup; restore both from the same time`,
  );
}
