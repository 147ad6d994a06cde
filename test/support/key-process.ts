import { Sha256Lanes } from '../../src/ledger/sha256-lanes';
import { ClickHouseClient } from '@clickhouse/client';
import type { Redis } from 'ioredis';
import { Clock, SystemClock } from '../../src/common/clock';
import type { Config } from '../../src/config/config';
import { CheckpointSigner } from '../../src/keys/checkpoint-signer';
import { EventSealer } from '../../src/keys/event-sealer';
import { KeyKeeper } from '../../src/keys/key-keeper';
import { KeyRing } from '../../src/keys/key-ring';
import { KeyRotation } from '../../src/keys/key-rotation';
import { KeyStore } from '../../src/keys/key-store';
import { RootAnnouncer } from '../../src/keys/root-announcer';
import { RootKeys } from '../../src/keys/root-key';
import { RootRotation } from '../../src/keys/root-rotation';
import { SubjectDirectory } from '../../src/keys/subject-directory';
import { SubjectRewrapper } from '../../src/keys/subject-rewrapper';
import { RedisKeys } from '../../src/redis/redis-keys';
import type { OwnStores } from './engines';

/** A process of its own as far as keys go, with connections of its own if they are given. */
export function keyProcess(
  stores: OwnStores,
  own: { redis?: Redis; clickhouse?: ClickHouseClient; clock?: Clock; config?: Config } = {},
) {
  const {
    redis = stores.redis,
    clickhouse = stores.clickhouse,
    clock = new SystemClock(),
    config = stores.config,
  } = own;
  // Each listens on the connection that all of a test share.
  stores.redis.setMaxListeners(0);
  const keys = new RedisKeys(config.redis.prefix);
  const roots = new RootKeys(config);
  const ring = new KeyRing(redis, keys, roots, clock);
  const store = new KeyStore(clickhouse);
  const keeper = new KeyKeeper(redis, keys, store);
  const directory = new SubjectDirectory(redis, keys, ring, clock);
  const announcer = new RootAnnouncer(redis, keys, roots, config);
  return {
    ...{ keys, roots, ring, store, keeper, directory, announcer },
    sealer: new EventSealer(ring, directory, new Sha256Lanes(), config),
    signer: new CheckpointSigner(ring, keeper),
    rotation: new KeyRotation(ring, keeper, store, clock),
    rootRotation: new RootRotation(redis, keys, keeper, store, roots, announcer, config),
    rewrapper: new SubjectRewrapper(redis, keys, ring, keeper, store),
  };
}
export type KeyProcess = ReturnType<typeof keyProcess>;

/** As if Redis had been replaced by an empty one. */
export async function loseRedis({ redis, config }: OwnStores): Promise<void> {
  const all = await redis.keys(`${config.redis.prefix}*`);
  if (all.length > 0) await redis.unlink(...all);
}
