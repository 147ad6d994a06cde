import { RetentionDays } from '../../src/ingest/retention-days';
import { CheckpointSigner } from '../../src/keys/checkpoint-signer';
import { KeyKeeper } from '../../src/keys/key-keeper';
import { Sealer } from '../../src/ledger/sealer';
import { manifestFault } from '../../src/privacy/retention-manifest';
import { RetentionManifestStore } from '../../src/privacy/retention-manifest-store';
import { RetentionJob } from '../../src/privacy/retention-job';
import { RetentionStore } from '../../src/privacy/retention-store';
import type { RedisKeys } from '../../src/redis/redis-keys';
import { testSealer } from '../support/test-sealer';
import { OwnWriter, ownWriter } from '../support/own-writer';
import { OwnApi, ownApi } from '../support/search-api';
import { freshTenant, putRows, rowsOf } from '../support/segments';
import { waitFor } from '../support/system';

const DAY = 86_400_000;
const NOW = Date.now();

let api: OwnApi;
let writer: OwnWriter;
let keys: RedisKeys;
let sealer: Sealer;
let signer: CheckpointSigner;
const inApi = <T>(type: new (...args: never[]) => T): T => api.app.get<T>(type, { strict: false });

beforeAll(async () => {
  api = await ownApi();
  writer = await ownWriter(api.stores);
  keys = writer.keys;
  signer = inApi(CheckpointSigner);
  sealer = testSealer(api.stores, signer, keys);
});
afterAll(() => api.close());

interface Item {
  id: string;
  description: string;
  leafIndex: number;
  retainUntil: string;
  recordCount?: number;
}

/** Stores events that were received so many days ago. DATA_READ is kept for 365 days, LOGIN_FAILED for 2555. */
async function store(tenant: string, events: object[], daysAgo: number): Promise<void> {
  const at = NOW - daysAgo * DAY;
  await putRows(api.stores.redis, keys, tenant, rowsOf(tenant, events, { receivedAt: at }), at);
  await writer.drain();
}

const seal = async (tenant: string) => {
  expect((await sealer.round([tenant], new Set())).alarms.size).toBe(0);
};

const read = (name: string, eventType = 'DATA_READ') => ({ eventType, description: name });

const stored = async (tenant: string) =>
  (await api.get<{ items: Item[] }>(tenant, 'events?order=asc&limit=1000')).items
    .sort((a, b) => a.leafIndex - b.leafIndex)
    .filter((item) => !item.description.includes('retention') && !item.description.includes('hold'));
const names = async (tenant: string) => (await stored(tenant)).map((item) => item.description);

const send = async <T>(tenant: string, method: 'POST' | 'PUT', path: string, body: object = {}): Promise<T> => {
  const answer = await api.request(tenant, `privacy/${path}`, {
    ...{ role: 'admin', method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
};
const run = (tenant: string) => send<{ removed: number; manifests: string[] }>(tenant, 'POST', 'retention/run');

describe('the removal of events', () => {
  it('takes sealed events whose retention has ended, under a signed manifest, and leaves all others', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('a'), read('b'), read('security', 'LOGIN_FAILED'), read('c')], 400);
    await store(tenant, [read('new')], 0);
    await seal(tenant);
    const done = await run(tenant);
    expect(done).toMatchObject({ removed: 3, manifests: [expect.any(String)] });
    expect(await names(tenant)).toEqual(['security', 'new']);
    const manifest = await inApi(RetentionManifestStore).find(tenant, done.manifests[0] ?? '');
    expect(manifest?.ranges).toEqual([
      [0, 1],
      [3, 3],
    ]);
    const known = await signer.publicKeys();
    const isKnown = (key: Buffer) => known.some(({ publicKey }) => publicKey.equals(key));
    expect(manifest && manifestFault(manifest, isKnown)).toBeUndefined();
    expect(await run(tenant)).toEqual({ removed: 0, manifests: [] });
  });

  it('is recorded in the log', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('a'), read('b')], 400);
    await seal(tenant);
    const { manifests } = await run(tenant);
    await writer.drain();
    const { items } = await api.get<{ items: Item[] }>(tenant, 'events?eventType=AUDIT_RETENTION_APPLIED');
    expect(items).toMatchObject([{ context: { resourceId: manifests[0] }, recordCount: 2 }]);
  });

  it('waits until events are sealed', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('a')], 400);
    expect((await run(tenant)).removed).toBe(0);
    await seal(tenant);
    expect((await run(tenant)).removed).toBe(1);
  });

  it('touches no other tenant, and takes several tenants from one part at once', async () => {
    const tenants = [freshTenant(), freshTenant(), freshTenant()] as const;
    for (const tenant of tenants) {
      await store(tenant, [read('a')], 400);
      await seal(tenant);
    }
    const written = await inApi(RetentionJob).run([tenants[0], tenants[1]]);
    expect(written.map(({ tenant }) => tenant).sort()).toEqual([tenants[0], tenants[1]].sort());
    expect(await names(tenants[0])).toEqual([]);
    expect(await names(tenants[1])).toEqual([]);
    expect(await names(tenants[2])).toEqual(['a']);
  });

  it('leaves proofs of the events that stay valid, and their neighbours in the ledger', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('a'), read('kept', 'LOGIN_FAILED'), read('b')], 400);
    await seal(tenant);
    await run(tenant);
    const [kept] = await stored(tenant);
    expect((await api.request(tenant, `events/${kept?.id}/proof`)).status).toBe(200);
    expect((await api.request(tenant, `ledger/${tenant}/tile/0/000.p/3`)).status).toBe(200);
    expect((await api.request(tenant, `ledger/${tenant}/tile/entries/000.p/3`)).status).toBe(404);
  });

  it('that was killed after its manifest goes on under the same manifest', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('a'), read('b')], 400);
    await seal(tenant);
    const removal = jest.spyOn(inApi(RetentionStore), 'remove').mockRejectedValueOnce(new Error('killed'));
    const job = inApi(RetentionJob);
    await expect(job.run([tenant])).rejects.toThrow('killed');
    removal.mockRestore();
    expect(await names(tenant)).toEqual(['a', 'b']);
    const before = await inApi(RetentionManifestStore).list(tenant, 10);
    const again = await job.run([tenant]);
    expect(again.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(await names(tenant)).toEqual([]);
    await writer.drain();
    const { total } = await api.get<{ total: number }>(tenant, 'events/count?eventType=AUDIT_RETENTION_APPLIED');
    expect(total).toBe(1);
    const rows = await api.stores.clickhouse.query({
      query: 'SELECT count() AS n FROM retention_manifests WHERE tenant = {tenant:String}',
      ...{ query_params: { tenant }, format: 'JSONEachRow' as const },
    });
    expect(await rows.json()).toEqual([{ n: 1 }]);
  });
});

describe('a legal hold', () => {
  it('keeps what it covers until it is released', async () => {
    const tenant = freshTenant();
    const held = { ...read('held'), context: { resourceType: 'shipment', resourceId: 'S1' } };
    await store(tenant, [read('a'), held, read('b')], 400);
    await seal(tenant);
    const { id } = await send<{ id: string }>(tenant, 'POST', 'holds', {
      ...{ name: 'Case 1', reason: 'court order', resourceId: 'S1' },
    });
    const { items } = await api.get<{ items: object[] }>(tenant, 'privacy/retention/preview?days=0');
    expect(items).toEqual([{ retention: 'user_action', day: expect.any(String) as string, events: 2, held: 1 }]);
    expect((await run(tenant)).removed).toBe(2);
    expect(await names(tenant)).toEqual(['held']);
    await send(tenant, 'POST', `holds/${id}/release`, { reason: 'closed' });
    expect((await run(tenant)).removed).toBe(1);
    expect(await names(tenant)).toEqual([]);
  });

  it('that was placed after a run had looked is seen by it before it removes anything', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('a')], 400);
    await seal(tenant);
    const retention = inApi(RetentionStore);
    const due = retention.due.bind(retention);
    const looked = jest.spyOn(retention, 'due').mockImplementationOnce(async (...args) => {
      const found = await due(...args);
      await send(tenant, 'POST', 'holds', { name: 'Case 2', reason: 'court order' });
      return found;
    });
    expect(await inApi(RetentionJob).run([tenant])).toEqual([]);
    looked.mockRestore();
    expect(await names(tenant)).toEqual(['a']);
  });
});

describe('a retention policy', () => {
  it('holds for what comes in, within seconds, and touches nothing stored', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('old')], 100);
    await seal(tenant);
    await send(tenant, 'PUT', 'retention/user_action', { days: 30, reason: 'policy 2027-1' });
    const days = await api.get<{ items: { retention: string; days: number; source: string }[] }>(
      tenant,
      'privacy/retention',
    );
    expect(days.items.find(({ retention }) => retention === 'user_action')).toMatchObject({
      days: 30,
      source: 'tenant',
    });
    expect(days.items.find(({ retention }) => retention === 'security')).toMatchObject({
      days: 2555,
      source: 'configuration',
    });
    expect((await run(tenant)).removed).toBe(0);
    await waitFor(async () => ((await inApi(RetentionDays).of(tenant)).user_action === 30 ? true : undefined));
    const answer = await api.request(tenant, 'events', {
      ...{
        role: 'admin',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(read('new')),
      },
    });
    expect(answer.status).toBe(202);
    await writer.drain();
    const kept = (await stored(tenant)).map((item) => [item.description, Date.parse(item.retainUntil)] as const);
    const inDays = (at: number, n: number) => Math.ceil(at / DAY) * DAY + n * DAY;
    expect(kept).toContainEqual(['old', inDays(NOW - 100 * DAY, 365)]);
    expect(kept).toContainEqual(['new', inDays(Date.now(), 30)]);
  });

  it('is applied to stored events by a command of its own, which first says what it would do', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('old')], 100);
    await store(tenant, [read('young')], 3);
    await seal(tenant);
    await send(tenant, 'PUT', 'retention/user_action', { days: 30, reason: 'policy 2027-1' });
    const effect = { days: 30, events: 2, due: 1, held: 0 };
    const tried = await send(tenant, 'POST', 'retention/user_action/apply', { reason: 'why', dryRun: true });
    expect(tried).toEqual(effect);
    expect((await run(tenant)).removed).toBe(0);
    expect(await send(tenant, 'POST', 'retention/user_action/apply', { reason: 'policy 2027-1' })).toEqual(effect);
    expect((await run(tenant)).removed).toBe(1);
    expect(await names(tenant)).toEqual(['young']);
  });

  it('may also keep stored events longer', async () => {
    const tenant = freshTenant();
    await store(tenant, [read('old')], 400);
    await seal(tenant);
    await send(tenant, 'PUT', 'retention/user_action', { days: 500, reason: 'policy 2027-2' });
    await send(tenant, 'POST', 'retention/user_action/apply', { reason: 'policy 2027-2' });
    expect((await run(tenant)).removed).toBe(0);
    const { items } = await api.get<{ items: object[] }>(tenant, 'privacy/retention/preview?days=101');
    expect(items).toMatchObject([{ retention: 'user_action', events: 1, held: 0 }]);
  });

  it('is changed by administrators, and each change is recorded', async () => {
    const tenant = freshTenant();
    const body = JSON.stringify({ days: 30, reason: 'x' });
    const answer = await api.request(tenant, 'privacy/retention/user_action', {
      ...{ role: 'officer', method: 'PUT', headers: { 'content-type': 'application/json' }, body },
    });
    expect(answer.status).toBe(403);
    await send(tenant, 'PUT', 'retention/financial', { days: 3000, reason: 'policy 2027-3' });
    await writer.drain();
    const { items } = await api.get<{ items: object[] }>(tenant, 'events?eventType=AUDIT_POLICY_CHANGED');
    expect(items).toMatchObject([
      { details: { retention: 'financial', reason: 'policy 2027-3', days: 3000 }, changes: { after: { days: 3000 } } },
    ]);
  });

  it('comes back before a Redis that was lost serves again', async () => {
    const tenant = freshTenant();
    await send(tenant, 'PUT', 'retention/security', { days: 4000, reason: 'policy 2027-4' });
    await api.stores.redis.del(keys.retentionDays(), keys.keyEpoch());
    await inApi(KeyKeeper).restore();
    expect(await api.stores.redis.hget(keys.retentionDays(), `${tenant}/security`)).toBe('4000');
  });

  it('can be given up for the configuration', async () => {
    const tenant = freshTenant();
    await send(tenant, 'PUT', 'retention/financial', { days: 3000, reason: 'policy 2027-5' });
    await send(tenant, 'PUT', 'retention/financial', { days: null, reason: 'as configured' });
    expect(await api.stores.redis.hget(keys.retentionDays(), `${tenant}/financial`)).toBeNull();
  });
});
