import { SystemClock } from '../../src/common/clock';
import type { CheckpointSigner } from '../../src/keys/checkpoint-signer';
import { LedgerStore } from '../../src/ledger/ledger-store';
import { Sealer } from '../../src/ledger/sealer';
import { Sha256Lanes } from '../../src/ledger/sha256-lanes';
import type { RedisKeys } from '../../src/redis/redis-keys';
import type { OwnStores } from './engines';

/** A sealer on the stores of a test; `store` if it is to work on another view of them. */
export function testSealer(
  { clickhouse, config, redis }: Pick<OwnStores, 'clickhouse' | 'config' | 'redis'>,
  signer: CheckpointSigner,
  keys: RedisKeys,
  store = new LedgerStore(clickhouse),
): Sealer {
  return new Sealer(store, signer, new SystemClock(), config, redis, keys, new Sha256Lanes());
}
