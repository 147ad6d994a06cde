import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Redis } from 'ioredis';
import { Clock } from '../../src/common/clock';
import { isHmacSha256 } from '../../src/keys/crypto';
import { keyName, unwrapKey } from '../../src/keys/key-record';
import { newRootKey, rootKeyFile, RootKeys } from '../../src/keys/root-key';
import { writeRootKeys } from '../../src/keys/root-key-file';
import { openSubjectId, openSubject, unpackSubject } from '../../src/keys/subject-record';
import { OwnStores, ownStores } from '../support/engines';
import { KeyProcess, keyProcess, loseRedis } from '../support/key-process';

/** Time that runs faster, so that what processes remember gets old within a test. */
class FastClock extends Clock {
  private readonly began = Date.now();
  now = () => this.began + (Date.now() - this.began) * 50;
}
class SetClock extends Clock {
  at = Date.now();
  now = () => this.at;
}
const DAY = 86_400_000;

let stores: OwnStores;
/** The root key in a file, as in embedded mode. */
beforeAll(async () => {
  stores = await ownStores({ AUDIT_ROOT_KEY: '' });
  await writeRootKeys(stores.config, { keys: [newRootKey()], next: undefined });
  const first = keyProcess(stores);
  await first.keeper.restore();
  await first.ring.active('signing');
  await first.ring.active('checkpoint');
  await first.keeper.flush();
});
afterAll(() => stores.close());

describe('rotating the signing key', () => {
  it('leaves no event signed with a key that cannot be found, while several processes sign', async () => {
    const signers = [1, 2, 3].map(() => keyProcess(stores, { clock: new FastClock() }));
    const signed: { by: number; keyId: number; checksum: Buffer; signature: Buffer }[] = [];
    let stopped = false;
    const sign = async ({ sealer }: KeyProcess, by: number) => {
      for (let n = 0; !stopped; n++) {
        const checksum = hash('sha256', `event ${n} of process ${by}`, 'buffer');
        const { keyId, signatures = Buffer.alloc(0) } = (await sealer.prepareOwn()).sign(checksum);
        signed.push({ by, checksum, keyId, signature: signatures });
        await turn();
      }
    };
    const signing = Promise.all(signers.map(sign));
    const { rotation, keeper } = keyProcess(stores);
    for (let i = 0; i < 5; i++) {
      const before = signed.length;
      const rotated = await rotation.rotate('signing', '');
      while (!signers.every((_, by) => signed.slice(before).some((s) => s.by === by && s.keyId === rotated?.number)))
        await turn();
    }
    stopped = true;
    await signing;
    // What the writer does before it stores events.
    await keeper.flush();

    await loseRedis(stores);
    const auditor = keyProcess(stores);
    await auditor.keeper.restore();
    const keyIds = [...new Set(signed.map((s) => s.keyId))];
    expect(keyIds.length).toBeGreaterThanOrEqual(5);
    const found = new Map<number, Buffer>();
    for (const keyId of keyIds) found.set(keyId, await auditor.ring.get('signing', '', keyId));
    const wrong = signed.filter(
      ({ keyId, checksum, signature }) => !isHmacSha256(found.get(keyId) ?? Buffer.alloc(32), checksum, signature),
    );
    expect(wrong).toEqual([]);
  });

  it('retires the one before, and is done once when two processes find it due', async () => {
    const clock = new SetClock();
    const [a, b] = [keyProcess(stores, { clock }), keyProcess(stores, { clock })];
    await a.ring.active('tenant', 'due');
    const { number } = await a.ring.active('signing');
    expect(await a.rotation.rotateOlderThan(DAY)).toEqual([]);
    clock.at += 2 * DAY;
    const done = (await Promise.all([a.rotation.rotateOlderThan(DAY), b.rotation.rotateOlderThan(DAY)])).flat();
    expect(done.filter((r) => r.kind === 'signing')).toEqual([
      { kind: 'signing', tenant: '', number: number + 1, previous: number },
    ]);
    expect(done.filter((r) => r.tenant === 'due')).toHaveLength(1);
    clock.at += 5000;
    const records = await b.ring.list('signing');
    expect(records.filter((r) => r.retiredAt === null).map((r) => r.number)).toEqual([number + 1]);
    expect((await b.ring.active('signing')).number).toBe(number + 1);
  });
});

describe('rotating the key of a tenant', () => {
  it('wraps its subjects anew in both stores, changes no subject key, and brings no erased one back', async () => {
    const tenant = 'rewrapped';
    const clock = new SetClock();
    const own = keyProcess(stores, { clock });
    const people = await own.directory.resolve(tenant, new Set(['ana', 'bruno', 'carla']));
    await own.keeper.flush();
    await own.rotation.rotate('tenant', tenant);
    clock.at += 5000;
    await own.directory.resolve(tenant, new Set(['born later']));
    // As an erasure would, in Redis first.
    const all = await stores.redis.hgetall(own.keys.subjects(tenant));
    const [erased = ''] =
      Object.entries(all).find(([, text]) => text.includes(people.get('carla')?.reference ?? '?')) ?? [];
    await stores.redis.hdel(own.keys.subjects(tenant), erased);

    expect((await own.rewrapper.run()).get(tenant)).toBe(3);
    expect(await own.rewrapper.run()).toEqual(new Map());

    const newest = await own.ring.active('tenant', tenant);
    expect(newest.number).toBe(2);
    const packed = await stores.redis.hgetall(own.keys.subjects(tenant));
    expect(Object.keys(packed)).toHaveLength(3);
    expect(packed[erased]).toBeUndefined();
    const inRedis = Object.entries(packed).map(([lookup, text]) => unpackSubject(tenant, lookup, text));
    const inClickHouse = await own.store.subjectsByReference(
      tenant,
      inRedis.map((r) => r.reference),
    );
    expect(inClickHouse).toHaveLength(3);
    for (const record of [...inRedis, ...inClickHouse]) {
      expect(record.keyNumber).toBe(2);
      const id = openSubjectId(record, openSubject(record, newest.key));
      expect([id, record.reference]).toEqual([id, people.get(id)?.reference ?? record.reference]);
    }
    const rows = await stores.clickhouse.query({
      query: 'SELECT count() AS n FROM subjects WHERE tenant = {tenant:String} AND key_number = 1',
      query_params: { tenant },
      format: 'JSONEachRow',
    });
    expect(await rows.json()).toEqual([{ n: 0 }]);
  });
});

describe('rotating the root key', () => {
  const redisKeys = () => keyProcess(stores).keys;
  const file = () => readFile(rootKeyFile(stores.config), 'utf8');
  const names = async ({ store }: KeyProcess) => (await store.keys()).map(keyName).sort();
  /** Every key in both stores, opened with what the file holds alone. */
  const secrets = async (): Promise<Map<string, string>> => {
    const roots = new RootKeys(stores.config);
    const { store, keys } = keyProcess(stores);
    const saved = new Map((await store.keys()).map((r) => [keyName(r), unwrapKey(r, roots).toString('hex')]));
    for (const [name, text] of Object.entries(await stores.redis.hgetall(keys.cryptoKeys()))) {
      const record = JSON.parse(text) as Parameters<typeof unwrapKey>[0];
      expect([name, unwrapKey(record, roots).toString('hex')]).toEqual([name, saved.get(name)]);
    }
    return saved;
  };

  it('wraps every key anew and leaves one root key', async () => {
    const before = await secrets();
    const own = keyProcess(stores);
    const old = own.roots.current.id;
    const { root, retired, rewrapped } = await own.rootRotation.rotate();
    expect(root).not.toBe(old);
    expect(retired).toEqual([old]);
    expect(rewrapped).toBe(before.size);
    expect((await file()).trim().split('\n')).toHaveLength(1);
    expect(await secrets()).toEqual(before);
    const rows = await stores.clickhouse.query({ query: 'SELECT DISTINCT root_id FROM keys', format: 'JSONEachRow' });
    expect(await rows.json()).toEqual([{ root_id: root }]);
  });

  it('survives its death at every step: done again, it ends well and loses no key', async () => {
    const before = await secrets();
    let steps = 0;
    for (let finished = false; !finished; steps++) {
      finished = await rotateAndDieAfter(steps);
      await stores.redis.del(redisKeys().rootLock(), redisKeys().keyLock());
      const next = keyProcess(stores);
      await next.keeper.restore();
      // Ingest goes on in between, whatever stands in the file.
      expect((await next.ring.active('signing')).key.toString('hex')).toBe(
        before.get(`signing::${(await next.ring.active('signing')).number}`),
      );
      const { root } = await next.rootRotation.rotate();
      expect((await file()).trim().split('\n')).toHaveLength(1);
      expect(new RootKeys(stores.config).current.id).toBe(root);
      expect(await secrets()).toEqual(before);
    }
    expect(steps).toBeGreaterThan(15);
  });

  /** Rotates in a process that reaches neither store any more after so many calls; says whether it ended before. */
  async function rotateAndDieAfter(calls: number): Promise<boolean> {
    let left = calls;
    const mortal = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (object, name) => {
          const value: unknown = Reflect.get(object, name);
          if (typeof value !== 'function' || ['on', 'off'].includes(String(name))) return value;
          return (...args: unknown[]) => {
            if (left-- <= 0) return Promise.reject(new Error('dead'));
            return (value as (...all: unknown[]) => unknown).apply(object, args);
          };
        },
      });
    const redis = mortal<Redis>(stores.redis);
    const clickhouse = mortal<ClickHouseClient>(stores.clickhouse);
    const { rootRotation } = keyProcess(stores, { redis, clickhouse });
    return rootRotation.rotate().then(
      () => true,
      (error: Error) => {
        expect(error.message).toBe('dead');
        return false;
      },
    );
  }

  it('waits for processes that do not know the new key, and then goes on with the same one', async () => {
    const before = await secrets();
    const own = keyProcess(stores);
    const { keys } = own;
    const [seconds] = await stores.redis.time();
    const ids = [own.roots.current.id];
    const later = JSON.stringify({ at: Number(seconds) * 1000 + 3_600_000, ids });
    await stores.redis.hset(keys.knownRoots(), 'api/elsewhere/1', later);
    await expect(own.rootRotation.rotate(500)).rejects.toMatchObject({
      code: 'ROOT_KEY_UNKNOWN_ELSEWHERE',
      message: expect.stringContaining('api/elsewhere/1') as string,
    });
    const waiting = await file();
    expect(waiting).toMatch(/^[^:]+\nnext:.+\n$/);
    expect(await names(own)).toHaveLength(before.size);
    expect(await secrets()).toEqual(before);
    await stores.redis.hdel(keys.knownRoots(), 'api/elsewhere/1');
    await own.rootRotation.rotate();
    expect(waiting).toContain((await file()).trim());
  });

  it('makes no key under the old root key any more, also in a process that knows only that', async () => {
    const suspended = keyProcess(stores);
    await suspended.ring.fresh();
    const { root } = await keyProcess(stores).rootRotation.rotate();
    expect(suspended.roots.current.id).not.toBe(root);
    await suspended.ring.active('lookup', 'late');
    expect((await keyProcess(stores).ring.list('lookup', 'late'))[0]?.rootId).toBe(root);
    await suspended.keeper.flush();
  });

  it('asks for the new key where AUDIT_ROOT_KEY holds it', async () => {
    const [old, made] = [new RootKeys(stores.config).current, newRootKey()];
    const held = (...keys: { key: Buffer }[]) => ({
      ...stores.config,
      rootKey: { value: keys.map(({ key }) => key.toString('base64')).join(','), file: undefined },
    });
    await expect(keyProcess(stores, { config: held(old) }).rootRotation.rotate()).rejects.toMatchObject({
      code: 'ROOT_KEY_NOT_GIVEN',
    });
    const before = await secrets();
    const { root, retired } = await keyProcess(stores, { config: held(made, old) }).rootRotation.rotate();
    expect([root, retired]).toEqual([made.id, [old.id]]);
    await expect(keyProcess(stores).keeper.assertRootKey(new RootKeys(held(made)))).resolves.toBeUndefined();
    await expect(keyProcess(stores).keeper.assertRootKey(new RootKeys(held(old)))).rejects.toMatchObject({
      code: 'ROOT_KEY_WRONG',
    });
    await writeRootKeys(stores.config, { keys: [made], next: undefined });
    expect(await secrets()).toEqual(before);
  });
});
