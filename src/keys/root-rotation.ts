import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { AppError } from '../common/app-error';
import { Config, CONFIG } from '../config/config';
import { RedisKeys } from '../redis/redis-keys';
import { withLock } from '../redis/redis-lock';
import { REDIS } from '../redis/redis.module';
import { KeyKeeper } from './key-keeper';
import { keyName, keyRecord, rewrapKey } from './key-record';
import { KeyStore } from './key-store';
import { RootAnnouncer } from './root-announcer';
import { newRootKey, RootKey, RootKeys } from './root-key';
import { writeRootKeys } from './root-key-file';

const PATIENCE_MS = 20_000;

export interface RootRotated {
  /** Ids of root keys: the one in force now, and those that nothing is wrapped by any more. */
  root: string;
  retired: string[];
  /** Keys that were wrapped anew. */
  rewrapped: number;
}

/**
 * Replaces the root key. The file of the root keys says how far it has come, so that doing it again after any crash goes on
 * from there:
 *
 *     a              nothing is under way
 *     a, next:b      b was made and wraps nothing yet; every process gets to know it
 *     b, a           b wraps; keys wrapped by a are being wrapped by b
 *     b              done
 *
 * With AUDIT_ROOT_KEY, whoever sets it takes these steps: first "b,a" for every process, then this, then "b".
 */
@Injectable()
export class RootRotation {
  private readonly log = new Logger('Keys');

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    private readonly keeper: KeyKeeper,
    private readonly store: KeyStore,
    private readonly roots: RootKeys,
    private readonly announcer: RootAnnouncer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Resolves when every key is wrapped by the new root key, in both stores.
   * @param patienceMs how long other processes may take to get to know the new root key
   * @throws AppError 409 `ROOT_KEY_NOT_GIVEN` or `ROOT_KEY_UNKNOWN_ELSEWHERE`, 503 `BUSY` while another process rotates
   */
  rotate(patienceMs = PATIENCE_MS): Promise<RootRotated> {
    return withLock(this.redis, this.keys.rootLock(), 0, async () => {
      await this.announcer.announce();
      const root = await this.promote(patienceMs);
      const rewrapped = await this.rewrapAll(root);
      const retired = this.roots.known.keys.map(({ id }) => id).filter((id) => id !== root.id);
      if (this.isFile) await this.write([root], undefined);
      this.log.log(`the root key ${root.id} wraps all keys, ${rewrapped} of them anew`);
      return { root: root.id, retired, rewrapped };
    });
  }

  private get isFile(): boolean {
    return this.config.rootKey.value === undefined;
  }

  /** Makes the new root key the one that wraps new keys, unless it is already. */
  private async promote(patienceMs: number): Promise<RootKey> {
    const { keys, next } = this.roots.known;
    if (!next && keys.length > 1) {
      await this.announcer.awaitKnown(this.roots.current.id, patienceMs);
      await this.redis.set(this.keys.rootInForce(), this.roots.current.id);
      return this.roots.current;
    }
    if (!this.isFile) throw notGiven();
    const old = keys.filter((root) => root !== next);
    const made = next ?? newRootKey();
    if (!next) await this.write(old, made);
    await this.announcer.announce();
    await this.announcer.awaitKnown(made.id, patienceMs);
    // From here on no process can make a key that is wrapped by another, however old what it remembers is.
    await this.redis.set(this.keys.rootInForce(), made.id);
    await this.write([made, ...old], undefined);
    return made;
  }

  private async rewrapAll(root: RootKey): Promise<number> {
    let rewrapped = 0;
    for (;;) {
      const changed = await this.keeper.alone(async () => {
        await this.keeper.flushAlone();
        const others = (await this.store.keys()).filter((record) => record.rootId !== root.id);
        await this.keeper.change(others.map((record) => rewrapKey(record, this.roots, root)));
        return others.length;
      });
      rewrapped += changed;
      if (changed === 0 && (await this.mend(root)) === 0) break;
    }
    await this.store.forgetOldVersions('keys');
    return rewrapped;
  }

  /** Gives Redis what a crash between the two stores kept from it. */
  private async mend(root: RootKey): Promise<number> {
    return this.keeper.alone(async () => {
      const texts = await this.redis.hvals(this.keys.cryptoKeys());
      const behind = texts.map((text) => keyRecord.parse(JSON.parse(text))).filter((r) => r.rootId !== root.id);
      if (behind.length === 0) return 0;
      const saved = new Map((await this.store.keys()).map((record) => [keyName(record), record]));
      await this.keeper.change(
        behind.map((record) => {
          const truth = saved.get(keyName(record)) ?? record;
          // Above both, so that neither store keeps the older one.
          return { ...rewrapKey(truth, this.roots, root), version: Math.max(truth.version, record.version) + 1 };
        }),
      );
      return behind.length;
    });
  }

  private async write(keys: RootKey[], next: RootKey | undefined): Promise<void> {
    await writeRootKeys(this.config, { keys: next ? [...keys, next] : keys, next });
    this.roots.reload();
  }
}

const notGiven = () =>
  new AppError(
    'ROOT_KEY_NOT_GIVEN',
    409,
    'AUDIT_ROOT_KEY holds one key: set it to the new key, a comma and the old key for every process ' +
      '("mcp-audit keys init --print" makes one), restart them, and do this again',
  );
