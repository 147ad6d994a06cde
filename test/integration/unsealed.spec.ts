import { testSealer } from '../support/test-sealer';
import { insertEvents } from '../support/insert-events';
import { keyProcess } from '../support/key-process';
import { OwnApi, ownApi } from '../support/search-api';
import { freshTenant } from '../support/segments';

let api: OwnApi;
beforeAll(async () => {
  api = await ownApi();
});
afterAll(() => api.close());

const seal = (tenant: string) => {
  const { stores } = api;
  const { signer, keys } = keyProcess(stores);
  return testSealer(stores, signer, keys).round([tenant], new Set());
};
const some = (count: number) => Array.from({ length: count }, (_, i) => ({ description: `event ${i}` }));

describe('a ledger that is not sealed yet', () => {
  it('says so, and when to ask again', async () => {
    const tenant = freshTenant();
    const [event] = await insertEvents(api.stores.clickhouse, tenant, some(1));
    const proof = await api.request(tenant, `events/${event?.id}/proof`);
    expect(proof.status).toBe(409);
    expect(proof.headers.get('retry-after')).toBe('2');
    expect(await proof.json()).toMatchObject({ code: 'NOT_SEALED_YET' });
    expect((await api.request(tenant, `ledger/${tenant}/checkpoint`)).status).toBe(404);
    expect((await api.request(tenant, `ledger/${tenant}/tile/0/000.p/1`)).status).toBe(404);
    expect(await api.get(tenant, 'ledger')).toMatchObject({ size: 0, checkpoint: null, verification: null });

    await seal(tenant);
    expect((await api.request(tenant, `events/${event?.id}/proof`)).status).toBe(200);
    expect((await api.request(tenant, `ledger/${tenant}/tile/0/000.p/1`)).status).toBe(200);
  });

  it('has no proof of what came behind its checkpoint, and counts it as waiting', async () => {
    const tenant = freshTenant();
    await insertEvents(api.stores.clickhouse, tenant, some(3));
    await seal(tenant);
    const [late] = await insertEvents(api.stores.clickhouse, tenant, some(1), 3);
    await api.stores.redis.set(`${api.stores.config.redis.prefix}:leaf:${tenant}`, 4);
    expect((await api.request(tenant, `events/${late?.id}/proof`)).status).toBe(409);
    expect(await api.get(tenant, 'ledger')).toMatchObject({ size: 3, waiting: 1 });
  });
});

describe('a ledger whose events have expired', () => {
  it('still serves their hashes and proves the others, but not their entries', async () => {
    const tenant = freshTenant();
    const events = await insertEvents(api.stores.clickhouse, tenant, some(300));
    await seal(tenant);
    await api.stores.clickhouse.command({
      query: `ALTER TABLE events DELETE WHERE tenant = {tenant:String} AND leaf_index = 7`,
      query_params: { tenant },
      clickhouse_settings: { mutations_sync: '2' },
    });
    expect((await api.request(tenant, `ledger/${tenant}/tile/0/000`)).status).toBe(200);
    expect((await api.request(tenant, `ledger/${tenant}/tile/entries/000`)).status).toBe(404);
    expect((await api.request(tenant, `ledger/${tenant}/tile/entries/000.p/7`)).status).toBe(200);
    expect((await api.request(tenant, `ledger/${tenant}/tile/entries/001.p/44`)).status).toBe(200);
    expect((await api.request(tenant, `events/${events[6]?.id}/proof`)).status).toBe(200);
    expect((await api.request(tenant, `events/${events[7]?.id}/proof`)).status).toBe(404);
  });
});
