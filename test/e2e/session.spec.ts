import { runningSystem, TestTenant, waitFor } from '../support/system';

describe('the session of a browser', () => {
  let tenant: TestTenant;
  let url: string;
  const console = { 'x-audit-console': '1', 'content-type': 'application/json' };
  beforeAll(async () => {
    ({ url } = await runningSystem());
    tenant = await TestTenant.create();
  });
  const call = (path: string, method: string, headers: Record<string, string>, body?: unknown) =>
    fetch(`${url}/audit/api/${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const signIn = async (key: string) => {
    const answer = await call('session', 'POST', console, { key });
    expect(answer.status).toBe(201);
    const set = answer.headers.get('set-cookie') ?? '';
    expect(set).toMatch(/HttpOnly; SameSite=Strict/);
    return set.split(';', 1)[0] ?? '';
  };

  it('acts with the key, tells what it may do, and ends by signing out', async () => {
    const cookie = await signIn(await tenant.key('viewer'));
    const shown = await call('session', 'GET', { cookie });
    const session = (await shown.json()) as { tenant: string; roles: string[]; permissions: string[] };
    expect(session).toMatchObject({ tenant: tenant.name, roles: ['viewer'] });
    expect(session.permissions).toContain('events:read');
    expect(session.permissions).not.toContain('events:reveal');
    expect((await call('events', 'GET', { cookie })).status).toBe(200);
    expect((await call('api-keys', 'GET', { cookie })).status).toBe(403);
    expect((await call('session', 'DELETE', { ...console, cookie }, {})).status).toBe(204);
    expect((await call('events', 'GET', { cookie })).status).toBe(401);
  });

  it('writes only with the header of the console', async () => {
    const cookie = await signIn(await tenant.key('admin'));
    const event = { eventType: 'LOGOUT', description: 'x' };
    const json = { cookie, 'content-type': 'application/json' };
    expect((await call('events', 'POST', json, event)).status).toBe(403);
    expect((await call('events', 'POST', { ...json, ...console, 'sec-fetch-site': 'cross-site' }, event)).status).toBe(
      403,
    );
    expect((await call('events', 'POST', { ...json, ...console }, event)).status).toBe(202);
  });

  it('ends when its key is revoked', async () => {
    const made = await tenant.post('api-keys', { name: 'for a while', roles: ['viewer'] });
    const { id, key } = (await made.json()) as { id: string; key: string };
    const cookie = await signIn(key);
    expect((await tenant.request(`api-keys/${id}`, { method: 'DELETE' })).status).toBe(200);
    await waitFor(async () => ((await call('events', 'GET', { cookie })).status === 401 ? true : undefined));
  });

  it('takes its streams with it when it ends', async () => {
    const cookie = await signIn(await tenant.key('viewer'));
    const streams = await Promise.all([
      call('events/stream', 'GET', { cookie }),
      call('alerts/stream', 'GET', { cookie }),
    ]);
    expect(streams.map(({ status }) => status)).toEqual([200, 200]);
    const ends = streams.map((stream) => stream.text());
    await call('session', 'DELETE', { ...console, cookie }, {});
    await Promise.all(ends);
  });

  it('is not opened with a key that may only send', async () => {
    expect((await call('session', 'POST', console, { key: await tenant.key('ingest') })).status).toBe(403);
  });

  it('takes the place of the one before in the same browser', async () => {
    const key = await tenant.key('viewer');
    const first = await signIn(key);
    const again = await call('session', 'POST', { ...console, cookie: first }, { key });
    expect(again.status).toBe(201);
    expect((await call('events', 'GET', { cookie: first })).status).toBe(401);
  });

  it('is not given for a wrong secret, and the attempt is in the log of the tenant', async () => {
    const key = (await tenant.key('viewer')).slice(0, -43) + 'a'.repeat(43);
    expect((await call('session', 'POST', console, { key })).status).toBe(401);
    await tenant.waitForCount(1, 'eventType=LOGIN_FAILED');
  });
});
