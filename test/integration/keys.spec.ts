import { randomBytes } from 'node:crypto';
import { isCheckpointSignature } from '../../src/keys/ed25519';
import { RootKeys } from '../../src/keys/root-key';
import { openSubjectId } from '../../src/keys/subject-record';
import { RedisKeys } from '../../src/redis/redis-keys';
import { EventWriter } from '../../src/writer/event-writer';
import { ownStores, OwnStores } from '../support/engines';
import { keyProcess, loseRedis } from '../support/key-process';
import { ownWriter } from '../support/own-writer';
import { putSegment } from '../support/segments';

let stores: OwnStores;
let keys: RedisKeys;

beforeAll(async () => {
  stores = await ownStores();
  keys = new RedisKeys(stores.config.redis.prefix);
});
afterAll(() => stores.close());

const process = () => keyProcess(stores);

describe('keys', () => {
  it('makes no key in a Redis that has not got its keys back', async () => {
    await loseRedis(stores);
    await expect(process().ring.active('signing')).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE', status: 503 });
  });

  it('lets processes that start together agree on one key and on one reference for a person', async () => {
    const [a, b] = [process(), process()];
    await a.keeper.restore();
    const ids = new Set(['ana', 'bruno']);
    const [one, two] = await Promise.all([a.directory.resolve('t1', ids), b.directory.resolve('t1', ids)]);
    expect(one).toEqual(two);
    expect(one.get('ana')?.reference).not.toBe(one.get('bruno')?.reference);
    expect(await a.ring.active('signing')).toEqual(await b.ring.active('signing'));
  });

  it('brings keys and subjects back after a loss of Redis, because the flush came before', async () => {
    const before = process();
    await before.keeper.restore();
    const known = await before.directory.resolve('t2', new Set(['carla']));
    const signing = await before.ring.active('signing');
    await before.keeper.flush();
    expect(await stores.redis.exists(keys.unsavedSubjects(), keys.unsavedCryptoKeys())).toBe(0);

    await loseRedis(stores);
    const after = process();
    await expect(after.directory.resolve('t2', new Set(['carla']))).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' });
    await after.keeper.restore();
    expect(await after.directory.resolve('t2', new Set(['carla']))).toEqual(known);
    expect(await after.ring.active('signing')).toEqual(signing);
    const [record] = await after.store.subjectsByReference('t2', [known.get('carla')?.reference ?? '']);
    expect(record && openSubjectId(record, known.get('carla')?.key ?? Buffer.alloc(0))).toBe('carla');
  });

  it('refuses a root key that is not the one of the store', async () => {
    const { keeper, ring } = process();
    await keeper.restore();
    await ring.active('signing');
    await keeper.flush();
    const config = { ...stores.config, rootKey: { value: randomBytes(32).toString('base64'), file: undefined } };
    await expect(keeper.assertRootKey(new RootKeys(config))).rejects.toMatchObject({ code: 'ROOT_KEY_WRONG' });
    await expect(keeper.assertRootKey(new RootKeys(stores.config))).resolves.toBeUndefined();
  });

  it('signs checkpoints with a key whose public part verifies them', async () => {
    const { keeper, signer } = process();
    await keeper.restore();
    const bytes = Buffer.from('a checkpoint');
    const { signature, publicKey, keyNumber } = await signer.sign(bytes);
    expect(isCheckpointSignature(publicKey, bytes, signature)).toBe(true);
    expect(isCheckpointSignature(publicKey, Buffer.from('b checkpoint'), signature)).toBe(false);
    expect((await signer.publicKeys()).find((k) => k.number === keyNumber)?.publicKey).toEqual(publicKey);
  });

  it('keeps ids of people out of both stores', async () => {
    const { keeper, directory } = process();
    await keeper.restore();
    await directory.resolve('t3', new Set(['planted-person-7411']));
    await keeper.flush();
    const rows = await stores.clickhouse.query({ query: 'SELECT * FROM subjects', format: 'TabSeparated' });
    const redis = JSON.stringify(await stores.redis.hgetall(keys.subjects('t3')));
    expect(`${await rows.text()}${redis}`).not.toContain('planted-person-7411');
    expect(redis).toContain('sub_');
  });

  it('has the keys of every event in ClickHouse before the event', async () => {
    const { keeper, directory, ring } = process();
    await keeper.restore();
    const events = new EventWriter(stores.clickhouse);
    const unsaved: number[] = [];
    const insert = events.insert.bind(events);
    events.insert = async (...args) => {
      unsaved.push(await stores.redis.exists(keys.unsavedSubjects(), keys.unsavedCryptoKeys()));
      await insert(...args);
    };
    const { drain } = await ownWriter(stores, events);
    for (const person of ['first', 'second']) {
      await directory.resolve('t4', new Set([person]));
      await ring.active('signing');
      expect(await stores.redis.exists(keys.unsavedSubjects())).toBe(1);
      await putSegment(stores.redis, keys, 't4', [{ context: { userId: person } }]);
      await drain();
    }
    expect(unsaved).toEqual([0, 0]);
  });
});
