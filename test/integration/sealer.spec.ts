import type { CheckpointSigner } from '../../src/keys/checkpoint-signer';
import { openCheckpoint } from '../../src/ledger/checkpoint';
import { LedgerStore } from '../../src/ledger/ledger-store';
import { leafHash, rootOf } from '../../src/ledger/merkle';
import { Round, Sealer } from '../../src/ledger/sealer';
import { RedisKeys } from '../../src/redis/redis-keys';
import { testSealer } from '../support/test-sealer';
import { ownStores, OwnStores } from '../support/engines';
import { insertEvents } from '../support/insert-events';
import { keyProcess } from '../support/key-process';
import { freshTenant } from '../support/segments';

let stores: OwnStores;
let keys: RedisKeys;
let signer: CheckpointSigner;

beforeAll(async () => {
  stores = await ownStores();
  keys = new RedisKeys(stores.config.redis.prefix);
  const process = keyProcess(stores);
  await process.keeper.restore();
  signer = process.signer;
});
afterAll(() => stores.close());

/** Lets a sealer do `steps` writes; after that it is dead: with `half`, the last write was done and its answer was lost. */
interface Fate {
  steps: number;
  half: boolean;
}
class Died extends Error {}

/** A sealer as a process has it that starts now: with nothing in memory. */
function sealer(fate: Fate = { steps: Infinity, half: false }): Sealer {
  let done = 0;
  const dying = <T extends object>(target: T, writes: string[]): T =>
    new Proxy(target, {
      get(of, name) {
        const value: unknown = Reflect.get(of, name);
        if (typeof value !== 'function') return value;
        const call = value.bind(of) as (...args: unknown[]) => unknown;
        if (typeof name !== 'string' || !writes.includes(name)) return call;
        return async (...args: unknown[]) => {
          if (done++ < fate.steps) return call(...args);
          if (fate.half && done === fate.steps + 1) await call(...args);
          throw new Died();
        };
      },
    });
  const redis = dying(stores.redis, ['eval']);
  const store = dying(new LedgerStore(stores.clickhouse), ['saveLeaves', 'saveTiles', 'saveCheckpoints']);
  return testSealer({ ...stores, redis }, signer, keys, store);
}

const seal = (by: Sealer, tenant: string, renew = false): Promise<Round> =>
  by.round([tenant], new Set(renew ? [tenant] : []));

/** Appends events to a tenant, and remembers what its ledger has to be. */
class Log {
  readonly tenant = freshTenant();
  private readonly leaves: Buffer[] = [];

  get size(): number {
    return this.leaves.length;
  }

  async append(count: number): Promise<void> {
    const made = await insertEvents(
      stores.clickhouse,
      this.tenant,
      Array.from({ length: count }, (_, i) => ({ description: `event ${this.size + i}` })),
      this.size,
    );
    this.leaves.push(...made.map(({ envelope }) => leafHash(Buffer.from(envelope))));
  }

  root(size: number): Buffer {
    return rootOf(Buffer.concat(this.leaves.slice(0, size)));
  }

  /** Sizes of all checkpoints that were ever stored, each of which has to be over the true tree. */
  async checkpoints(): Promise<number[]> {
    const answer = await stores.clickhouse.query({
      query: 'SELECT note FROM checkpoints WHERE tenant = {tenant:String} ORDER BY size, signed_at',
      query_params: { tenant: this.tenant },
      format: 'JSONEachRow',
    });
    const publicKeys = (await signer.publicKeys()).map((key) => key.publicKey);
    return (await answer.json<{ note: string }>()).map(({ note }) => {
      const { size, root, origin } = openCheckpoint(note, publicKeys);
      expect(origin).toBe(`mcp-audit.local/${this.tenant}`);
      expect(root).toEqual(this.root(size));
      return size;
    });
  }
}

async function logOf(count: number): Promise<Log> {
  const log = new Log();
  await log.append(count);
  return log;
}

const change = (query: string, tenant: string) =>
  stores.clickhouse.command({
    query,
    query_params: { tenant },
    clickhouse_settings: { mutations_sync: '2', lightweight_deletes_sync: '2' },
  });

describe('sealing', () => {
  it('signs each tree over what has landed, and nothing twice', async () => {
    const log = await logOf(3);
    const by = sealer();
    await seal(by, log.tenant);
    await seal(by, log.tenant);
    await log.append(600);
    await seal(by, log.tenant);
    await log.append(1);
    await seal(sealer(), log.tenant);
    expect(await log.checkpoints()).toEqual([3, 603, 604]);
  });

  it('stops at the first leaf whose batch is not committed', async () => {
    const log = await logOf(10);
    await stores.redis.set(keys.ready(), '1');
    await stores.redis.set(keys.nextLeaf(log.tenant), 10);
    await stores.redis.zadd(keys.inFlight(log.tenant), 7, '12');
    await stores.redis.zadd(keys.inFlight(log.tenant), 9, '13');
    const by = sealer();
    await seal(by, log.tenant);
    await stores.redis.zrem(keys.inFlight(log.tenant), '12');
    await seal(by, log.tenant);
    expect(await log.checkpoints()).toEqual([7, 9]);
  });

  it('stops at a gap, and tells of it if what is missing was committed', async () => {
    const log = await logOf(4);
    await insertEvents(stores.clickhouse, log.tenant, [{}, {}], 6);
    await stores.redis.set(keys.ready(), '1');
    await stores.redis.set(keys.nextLeaf(log.tenant), 8);
    const { missing } = await seal(sealer(), log.tenant);
    expect(await log.checkpoints()).toEqual([4]);
    expect([...missing]).toEqual([[log.tenant, 4]]);
  });

  it('signs anew on request though nothing came in', async () => {
    const log = await logOf(5);
    const by = sealer();
    await seal(by, log.tenant);
    await seal(by, log.tenant, true);
    await seal(sealer(), log.tenant, true);
    expect(await log.checkpoints()).toEqual([5, 5, 5]);
  });

  // Writes of a round: leaves, tiles, head (eval), checkpoints.
  const fates = [0, 1, 2, 3].flatMap((steps) => [false, true].map((half) => ({ steps, half })));
  it.each(fates)('goes on after a crash behind $steps writes (one more without an answer: $half)', async (fate) => {
    const log = await logOf(300);
    await seal(sealer(), log.tenant);
    await log.append(400);
    await expect(seal(sealer(fate), log.tenant)).rejects.toThrow(Died);
    await log.append(2);
    const next = sealer();
    for (let round = await seal(next, log.tenant); round.unfinished.length > 0;) round = await seal(next, log.tenant);
    const sizes = await log.checkpoints();
    expect(sizes.at(-1)).toBe(702);
    expect(await stores.redis.hget(keys.ledgerHeads(), log.tenant)).toContain('\n702\n');
  });

  it('never forks a log, whoever else seals it at the same time', async () => {
    const log = await logOf(1);
    const sealers = [sealer(), sealer(), sealer()];
    for (let i = 0; i < 6; i++) {
      const rounds = sealers.map((by) => seal(by, log.tenant, true));
      const growing = log.append(5);
      const signed = (await Promise.all(rounds)).flatMap((round) => round.checkpoints);
      expect(signed.length).toBeGreaterThan(0);
      await growing;
    }
    await seal(sealer(), log.tenant);
    expect((await log.checkpoints()).at(-1)).toBe(31);
  });

  it('refuses what a sealer signs that stood still while another went on', async () => {
    const log = await logOf(2);
    const slow = sealer();
    await seal(slow, log.tenant);
    await log.append(2);
    await seal(sealer(), log.tenant);
    await log.append(2);
    expect((await seal(slow, log.tenant)).checkpoints).toEqual([]);
    expect((await seal(slow, log.tenant)).checkpoints).toHaveLength(1);
    expect(await log.checkpoints()).toEqual([2, 4, 6]);
  });

  it('hashes the envelopes themselves where what was noted of landing events is lost or contradicts itself', async () => {
    const log = await logOf(4);
    await change(`DELETE FROM landed_leaves WHERE tenant = {tenant:String} AND leaf_index = 1`, log.tenant);
    await stores.clickhouse.command({
      query: `INSERT INTO landed_leaves VALUES ({tenant:String}, 3, unhex(repeat('00', 32)), now())`,
      query_params: { tenant: log.tenant },
    });
    await seal(sealer(), log.tenant);
    expect(await log.checkpoints()).toEqual([4]);
  });

  it('seals what landed, not what somebody made of it before it was sealed', async () => {
    const log = await logOf(3);
    await change(
      `ALTER TABLE events UPDATE envelope = concat(envelope, ' ') WHERE tenant = {tenant:String} AND leaf_index = 1`,
      log.tenant,
    );
    await seal(sealer(), log.tenant);
    expect(await log.checkpoints()).toEqual([3]);
  });

  it('recovers from a loss of Redis', async () => {
    const log = await logOf(2);
    await seal(sealer(), log.tenant);
    await stores.redis.hdel(keys.ledgerHeads(), log.tenant);
    await log.append(2);
    await seal(sealer(), log.tenant);
    expect(await log.checkpoints()).toEqual([2, 4]);
  });
});

describe('a ledger is not sealed any further', () => {
  const alarmOf = async (log: Log, by = sealer()) => {
    const healthy = await logOf(1);
    const round = await by.round([log.tenant, healthy.tenant], new Set());
    expect(await healthy.checkpoints()).toEqual([1]);
    expect(round.checkpoints.map((checkpoint) => checkpoint.tenant)).toEqual([healthy.tenant]);
    return round.alarms.get(log.tenant);
  };

  it('when a leaf was altered between being stored and being signed', async () => {
    const log = await logOf(3);
    await expect(seal(sealer({ steps: 1, half: false }), log.tenant)).rejects.toThrow(Died);
    await change(
      `ALTER TABLE events UPDATE envelope = concat(envelope, ' ') WHERE tenant = {tenant:String} AND leaf_index = 1`,
      log.tenant,
    );
    expect(await alarmOf(log)).toBe('leaf 1 was sealed with another hash before');
  });

  it('when two events claim one place', async () => {
    const log = await logOf(3);
    await insertEvents(stores.clickhouse, log.tenant, [{}], 1);
    expect(await alarmOf(log)).toBe('two different events are stored as leaf 1');
  });

  it('when a stored leaf hash was altered', async () => {
    const log = await logOf(3);
    await seal(sealer(), log.tenant);
    await change(`DELETE FROM ledger_leaves WHERE tenant = {tenant:String} AND leaf_index = 2`, log.tenant);
    await new LedgerStore(stores.clickhouse).saveLeaves([
      { tenant: log.tenant, first: 2, hashes: leafHash(Buffer.from('forged')) },
    ]);
    await log.append(1);
    expect(await alarmOf(log)).toContain('do not give the root that was signed at size 3');
  });

  it('when a stored leaf hash is gone', async () => {
    const log = await logOf(3);
    await seal(sealer(), log.tenant);
    await change(`DELETE FROM ledger_leaves WHERE tenant = {tenant:String} AND leaf_index = 2`, log.tenant);
    expect(await alarmOf(log)).toContain('no hash at 0/2');
  });

  it('when the store was set back to before the last checkpoint and went another way', async () => {
    const log = await logOf(2);
    await seal(sealer(), log.tenant);
    await log.append(1);
    await seal(sealer(), log.tenant);
    for (const table of ['events', 'ledger_leaves'])
      await change(`ALTER TABLE ${table} DELETE WHERE tenant = {tenant:String} AND leaf_index = 2`, log.tenant);
    await change('DELETE FROM checkpoints WHERE tenant = {tenant:String} AND size = 3', log.tenant);
    await insertEvents(stores.clickhouse, log.tenant, [{ description: 'another history' }], 2);
    expect(await alarmOf(log)).toBe('the stored events do not give the root that was signed at size 3');
  });

  it('when the newest checkpoint was forged', async () => {
    const log = await logOf(2);
    await seal(sealer(), log.tenant);
    await stores.redis.hdel(keys.ledgerHeads(), log.tenant);
    await change(
      `ALTER TABLE checkpoints UPDATE note = replaceOne(note, 'time 2', 'time 1') WHERE tenant = {tenant:String}`,
      log.tenant,
    );
    expect(await alarmOf(log)).toContain('the newest checkpoint is not one that was signed here');
  });
});
