import { SystemClock } from '../../src/common/clock';
import { uuidV7 } from '../../src/events/uuid';
import { KeyKeeper } from '../../src/keys/key-keeper';
import { KeyRing } from '../../src/keys/key-ring';
import { RootKeys } from '../../src/keys/root-key';
import { SubjectDirectory } from '../../src/keys/subject-directory';
import type { Erasure } from '../../src/privacy/erasure';
import { ErasureFinisher } from '../../src/privacy/erasure-finisher';
import { ErasureResumer } from '../../src/privacy/erasure-resumer';
import { ErasureStore } from '../../src/privacy/erasure-store';
import { KeyDestroyer } from '../../src/privacy/key-destroyer';
import { RedisKeys } from '../../src/redis/redis-keys';
import { startOwnWorker } from '../support/own-worker';
import { OwnApi, ownApi } from '../support/search-api';
import { freshTenant } from '../support/segments';
import { waitFor } from '../support/system';

let api: OwnApi;
let worker: { stop: () => Promise<void> };
let store: ErasureStore;
let finisher: ErasureFinisher;
let keeper: KeyKeeper;
let resume: () => Promise<number>;
let keys: RedisKeys;

beforeAll(async () => {
  api = await ownApi();
  worker = startOwnWorker(api.stores, { AUDIT_CHECKPOINT_INTERVAL: '0.2' });
  const get = <T>(type: new (...args: never[]) => T): T => api.app.get<T>(type, { strict: false });
  [store, finisher, keeper] = [get(ErasureStore), get(ErasureFinisher), get(KeyKeeper)];
  const resumer = new ErasureResumer(store, finisher, get(KeyDestroyer), new SystemClock());
  resume = () => resumer.resume(-1000);
  keys = new RedisKeys(api.stores.config.redis.prefix);
});
afterAll(async () => {
  await worker.stop();
  await api.close();
});

const post = (tenant: string, path: string, body: object) =>
  api.request(tenant, path, {
    ...{ role: 'admin', method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  });

const login = async (tenant: string, userId: string) => {
  const event = { eventType: 'LOGIN_SUCCESS', description: 'in', context: { userId, userAgent: 'Mozilla/5.0' } };
  expect((await post(tenant, 'events', event)).status).toBe(202);
};

const events = async (tenant: string, query = '') =>
  (await api.get<{ items: { subjectId: string }[] }>(tenant, `events?eventType=LOGIN_SUCCESS&${query}`)).items;

/** The reference of a person with one stored event. */
const referenceOf = async (tenant: string, person: string) => {
  await login(tenant, person);
  return waitFor(async () => (await events(tenant, `userId=${person}`))[0]?.subjectId);
};

/** Where the stores still know a reference. */
async function traces(tenant: string, reference: string): Promise<string[]> {
  const inRedis = Object.values(await api.stores.redis.hgetall(keys.subjects(tenant)));
  const rows = await api.stores.clickhouse.query({
    query: 'SELECT count() AS n FROM subjects WHERE reference = {reference:String}',
    query_params: { reference },
    format: 'JSONEachRow',
  });
  const [stored] = await rows.json<{ n: string }>();
  return [
    ...(inRedis.some((text) => text.includes(reference)) ? ['redis'] : []),
    ...(Number(stored?.n) > 0 ? ['clickhouse'] : []),
  ];
}

const begun = (tenant: string, reference: string): Erasure => ({
  ...{ tenant, id: uuidV7(Date.now()), references: [reference], reason: 'asked', requestedBy: 'abc', state: 'begun' },
  summary: { events: 1, firstAt: 0, lastAt: 0, groups: [], fields: [], plainEvents: 0, mentions: 0 },
  ...{ checkpoint: '', certificate: null, requestedAt: Date.now(), finishedAt: null, version: 1 },
});

/** What another process knows of people. */
function otherProcess() {
  const { config, redis } = api.stores;
  const ring = new KeyRing(redis, keys, new RootKeys(config), new SystemClock());
  return new SubjectDirectory(redis, keys, ring, new SystemClock());
}

describe('an erasure whose process was killed', () => {
  it('right after it was begun is finished by another', async () => {
    const tenant = freshTenant();
    const reference = await referenceOf(tenant, 'ana');
    await keeper.flush();
    const erasure = begun(tenant, reference);
    await store.save(erasure);
    await resume();
    expect(await traces(tenant, reference)).toEqual([]);
    expect(await store.find(tenant, erasure.id)).toMatchObject({ state: 'done', certificate: { keyNumber: 1 } });
  });

  it('after Redis had forgotten the person is finished by another, and recorded once', async () => {
    const tenant = freshTenant();
    const reference = await referenceOf(tenant, 'ana');
    await keeper.flush();
    const erasure = begun(tenant, reference);
    await store.save(erasure);
    await api.stores.redis.del(keys.subjects(tenant));
    // It comes to the record, but not to the certificate.
    await finisher.finish(erasure, Date.now() + 20_000);
    await store.save({ ...erasure, version: 3 });
    await resume();
    expect(await traces(tenant, reference)).toEqual([]);
    const { total } = await api.get<{ total: number }>(tenant, 'events/count?eventType=AUDIT_ERASURE');
    expect(total).toBe(1);
  });

  it('is hidden from readers at once, and from a Redis that gets its subjects back', async () => {
    const tenant = freshTenant();
    const reference = await referenceOf(tenant, 'ana');
    await keeper.flush();
    await store.save(begun(tenant, reference));
    const answer = await api.request(tenant, 'events?eventType=LOGIN_SUCCESS&reveal=true&reason=T-1', {
      role: 'officer',
    });
    expect(await answer.json()).toMatchObject({ items: [{ subjectId: { erased: true } }] });
    await api.stores.redis.del(keys.subjects(tenant), keys.keyEpoch());
    await keeper.restore();
    expect(await traces(tenant, reference)).toEqual(['clickhouse']);
    await resume();
    expect(await traces(tenant, reference)).toEqual([]);
  });
});

describe('an erasure while events of the person come in', () => {
  it('leaves the old key nowhere, and every event readable or under the old reference', async () => {
    const tenant = freshTenant();
    const person = 'busy-bruno';
    const old = await referenceOf(tenant, person);
    const process = otherProcess();
    let stop = false;
    const ingest = (async () => {
      for (let sent = 1; ; sent += 1) {
        if (stop) return sent;
        await login(tenant, person);
        await process.resolve(tenant, new Set([person]));
        await keeper.flush();
      }
    })();
    const answer = await post(tenant, 'privacy/erasures', { subjectId: person, reason: 'asked' });
    expect(answer.status).toBe(201);
    stop = true;
    const sent = await ingest;
    expect(await traces(tenant, old)).toEqual([]);
    const now = (await process.resolve(tenant, new Set([person]))).get(person)?.reference;
    expect(now).not.toBe(old);
    const all = await waitFor(async () => {
      const found = await events(tenant, 'limit=1000');
      return found.length === sent ? found : undefined;
    });
    expect(new Set(all.map((item) => item.subjectId))).toEqual(new Set([old, now]));
  });

  it('destroys again what a process brings back that was suspended while it copied subjects', async () => {
    const tenant = freshTenant();
    const reference = await referenceOf(tenant, 'clara');
    await keeper.flush();
    const rows = await api.stores.clickhouse.query({
      query: 'SELECT * FROM subjects WHERE reference = {reference:String}',
      ...{ query_params: { reference }, format: 'JSONEachRow' as const },
    });
    const copied = await rows.json<object>();
    expect((await post(tenant, 'privacy/erasures', { subjectId: 'clara', reason: 'asked' })).status).toBe(201);
    await api.stores.clickhouse.insert({ table: 'subjects', values: copied, format: 'JSONEachRow' });
    expect(await traces(tenant, reference)).toEqual(['clickhouse']);
    await resume();
    expect(await traces(tenant, reference)).toEqual([]);
  });
});

describe('an erasure with encryption off', () => {
  it('says that it reaches nothing, and how much there is', async () => {
    const tenant = freshTenant();
    await api.stores.clickhouse.command({
      query: `INSERT INTO events (tenant, id, event_type, severity, occurred_at, received_at, actor, subject, retention, retain_until, leaf_index)
              SELECT {tenant:String}, generateUUIDv4(), 'LOGOUT', 'info', now(), now(), 'plain-paul', 'plain-paul', 'security', '2033-01-01', number
              FROM numbers(3)`,
      query_params: { tenant },
    });
    const answer = await post(tenant, 'privacy/erasures', { subjectId: 'plain-paul', reason: 'asked' });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      detail: expect.stringContaining('3 event(s) hold the id in plain') as string,
    });
  });
});
