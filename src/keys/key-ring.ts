import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Clock } from '../common/clock';
import { RedisKeys } from '../redis/redis-keys';
import { REDIS } from '../redis/redis.module';
import { KeyKind, keyName, keyRecord, KeyRecord, makeKey, unwrapKey } from './key-record';
import { RootKeys } from './root-key';

/** What a process remembers is at most this old when it is used, ms: so soon an erasure or a rotation works everywhere. */
const FRESH_MS = 2000;
const CHECK_MS = 1000;

/**
 * Puts a new key into Redis unless there is one already, and notes it as not yet in ClickHouse and not yet recorded. Refuses
 * while the epoch is missing: that Redis has lost its keys, and a key born now could stand beside an older one of the same
 * name. Refuses a key wrapped by another root key than the one in force, and then says which that is.
 */
const CREATE = `
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
local there = redis.call('HGET', KEYS[2], ARGV[1])
if there then return there end
local root = redis.call('GET', KEYS[5])
if root and root ~= ARGV[3] then return {root} end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('SADD', KEYS[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[1])
redis.call('SET', KEYS[1], ARGV[4])
return ARGV[2]`;

/** A key ready to be used. */
export interface Key {
  number: number;
  key: Buffer;
}

/**
 * The keys of the system as the request path sees them: from Redis, remembered for moments. Knows nothing of ClickHouse, where
 * the truth is. Redis' *epoch* changes with every change of a key or subject; whoever remembers something forgets it then.
 */
@Injectable()
export class KeyRing implements OnApplicationShutdown {
  private readonly log = new Logger('Keys');
  private records = new Map<string, KeyRecord>();
  private newest = new Map<string, KeyRecord>();
  private readonly unwrapped = new Map<string, Buffer>();
  private readonly listeners: (() => void)[] = [];
  private epoch: string | undefined;
  private checkedAt = Number.NEGATIVE_INFINITY;
  private checking: Promise<void> | undefined;
  /** Whatever was lost by Redis was lost with a connection, so nothing is remembered beyond one. */
  private readonly onClose = () => this.forget();

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly roots: RootKeys,
    private readonly clock: Clock,
  ) {
    redis.on('close', this.onClose);
  }

  /** Calls `listener` whenever remembered keys and subjects must be forgotten. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Makes sure that what is remembered is at most two seconds old.
   * @throws AppError 503 `KEYS_UNAVAILABLE` while Redis has no keys, or cannot be asked.
   */
  async fresh(): Promise<void> {
    if (this.epoch !== undefined && this.clock.now() - this.checkedAt < FRESH_MS) return;
    await this.check();
  }

  /** Makes sure that what is remembered is no older than this call. */
  async refresh(): Promise<void> {
    // One that is under way may have read before.
    await this.checking?.catch((error: Error) => this.log.debug(error.message));
    await this.check();
  }

  @Interval(CHECK_MS)
  protected async checkRegularly(): Promise<void> {
    await this.check().catch((error: Error) => this.log.debug(error.message));
  }

  /** The active key of a kind, made on first use. */
  async active(kind: KeyKind, tenant = ''): Promise<Key> {
    await this.fresh();
    const found = this.newest.get(`${kind}:${tenant}`);
    if (found) return { number: found.number, key: this.unwrap(found) };
    const record = await this.create(kind, tenant, 1);
    return { number: record.number, key: this.unwrap(record) };
  }

  /** Any key, also a retired one. @throws AppError `KEY_UNKNOWN` */
  async get(kind: KeyKind, tenant: string, number: number): Promise<Buffer> {
    await this.fresh();
    const record = this.records.get(keyName({ kind, tenant, number }));
    if (!record)
      throw new AppError('KEY_UNKNOWN', 500, `there is no ${kind} key ${number}${tenant && ` of ${tenant}`}`);
    return this.unwrap(record);
  }

  /** Records, oldest first; of every tenant if none is named. */
  async list(kind?: KeyKind, tenant?: string): Promise<KeyRecord[]> {
    await this.fresh();
    return [...this.records.values()]
      .filter((r) => (kind === undefined || r.kind === kind) && (tenant === undefined || r.tenant === tenant))
      .sort((a, b) => a.createdAt - b.createdAt || a.number - b.number);
  }

  /** Makes a key and puts it before everyone, unless another process was faster; returns the one that counts. */
  async create(kind: KeyKind, tenant: string, number: number): Promise<KeyRecord> {
    const { keys } = this;
    for (let root = this.roots.current; ;) {
      const record = makeKey(kind, tenant, number, root, this.clock.now());
      const answer = await this.redis.eval(
        CREATE,
        5,
        ...[keys.keyEpoch(), keys.cryptoKeys(), keys.unsavedCryptoKeys(), keys.unrecordedCryptoKeys()],
        keys.rootInForce(),
        ...[keyName(record), JSON.stringify(record), root.id, newEpoch()],
      );
      if (Array.isArray(answer)) {
        root = this.roots.find(String(answer[0]));
        continue;
      }
      if (typeof answer !== 'string') throw notReady();
      await this.check();
      return keyRecord.parse(JSON.parse(answer));
    }
  }

  /** Number that changes whenever something is forgotten: what was read before may not be remembered after. */
  get generation(): string | undefined {
    return this.epoch;
  }

  onApplicationShutdown(): void {
    this.redis.off('close', this.onClose);
  }

  private unwrap(record: KeyRecord): Buffer {
    const name = keyName(record);
    let key = this.unwrapped.get(name);
    if (!key) {
      key = unwrapKey(record, this.roots);
      this.unwrapped.set(name, key);
    }
    return key;
  }

  private check(): Promise<void> {
    this.checking ??= this.readEpoch().finally(() => (this.checking = undefined));
    return this.checking;
  }

  private async readEpoch(): Promise<void> {
    const at = this.clock.now();
    let epoch: string | null;
    try {
      epoch = await this.redis.get(this.keys.keyEpoch());
      if (epoch !== null && epoch !== this.epoch) {
        this.forget();
        const all = await this.redis.hgetall(this.keys.cryptoKeys());
        for (const [name, text] of Object.entries(all)) this.remember(name, keyRecord.parse(JSON.parse(text)));
      }
    } catch (cause) {
      throw new AppError('KEYS_UNAVAILABLE', 503, 'the keys cannot be read right now; nothing was stored, try again', {
        cause,
        retryAfter: 2,
      });
    }
    if (epoch === null) {
      this.forget();
      throw notReady();
    }
    this.epoch = epoch;
    this.checkedAt = at;
  }

  private remember(name: string, record: KeyRecord): void {
    this.records.set(name, record);
    const place = `${record.kind}:${record.tenant}`;
    if (record.number > (this.newest.get(place)?.number ?? 0)) this.newest.set(place, record);
  }

  private forget(): void {
    this.epoch = undefined;
    this.records = new Map();
    this.newest = new Map();
    this.unwrapped.clear();
    for (const listener of this.listeners) listener();
  }
}

/** A value that the epoch never had before. */
export const newEpoch = (): string => `${Date.now()}-${Math.random().toString(36).slice(2)}`;

const notReady = () =>
  new AppError(
    'KEYS_UNAVAILABLE',
    503,
    'the buffer has no keys yet; they come back from ClickHouse as soon as that is reachable; nothing was stored, try again',
    { retryAfter: 2 },
  );
