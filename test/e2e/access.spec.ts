import { runningSystem, TestTenant, waitFor } from '../support/system';

interface Problem {
  code: string;
  detail: string;
  correlationId: string;
}
interface ApiKey {
  id: string;
  key: string;
  tenant: string;
}

describe('access', () => {
  let acme: TestTenant;
  let other: TestTenant;
  let url: string;
  let adminKey: string;
  beforeAll(async () => {
    ({ url, adminKey } = await runningSystem());
    acme = await TestTenant.create();
    other = await TestTenant.create();
  });
  const newKey = (body: unknown, key: string) =>
    fetch(`${url}/audit/api/api-keys`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  it('takes the key as a bearer token and as X-API-Key', async () => {
    const key = await acme.key('viewer');
    const ways: Record<string, string>[] = [{ authorization: `Bearer ${key}` }, { 'x-api-key': key }];
    for (const headers of ways) {
      expect((await fetch(`${url}/audit/api/events`, { headers })).status).toBe(200);
    }
  });

  it('answers 401 with a problem document and how to sign in', async () => {
    const answer = await fetch(`${url}/audit/api/events`, { headers: { 'x-correlation-id': 'my-1' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect((await answer.json()) as Problem).toMatchObject({ code: 'UNAUTHENTICATED', correlationId: 'my-1' });
  });

  it.each(['mak_000000000000_' + 'a'.repeat(43), 'nonsense'])('refuses the unknown key %s', async (key) => {
    expect((await fetch(`${url}/audit/api/events`, { headers: { 'x-api-key': key } })).status).toBe(401);
  });

  it('answers 403 naming the permission that is missing', async () => {
    const answer = await acme.request('events', { role: 'ingest' });
    expect(answer.status).toBe(403);
    expect(((await answer.json()) as Problem).detail).toContain('events:read');
    expect((await acme.post('events', { eventType: 'LOGOUT', description: 'x' }, {}, 'viewer')).status).toBe(403);
  });

  it('protects every route but health, the description, signing in and out, and the verifier that anyone may have', async () => {
    const document = (await (await fetch(`${url}/audit/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const open: string[] = [];
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) {
        const target = `${url}${path.replace(/\{\w+\}/g, 'x')}`;
        const { status } = await fetch(target, { method: method.toUpperCase(), signal: AbortSignal.timeout(5000) });
        if (status !== 401) open.push(`${method} ${path}`);
      }
    }
    expect(open.sort()).toEqual([
      'delete /audit/api/session',
      'get /audit/api/health',
      'get /audit/api/health/live',
      'get /audit/api/health/ready',
      'get /audit/api/ledger/verify-offline.cjs',
      'get /audit/api/session/oidc',
      'get /audit/api/session/oidc/callback',
      'get /audit/api/session/options',
      'post /audit/api/session',
    ]);
  });

  it('lets an administrator make keys for the own tenant only', async () => {
    const admin = await acme.key('admin');
    const mine = await newKey({ name: 'mine', roles: ['viewer'] }, admin);
    expect(mine.status).toBe(201);
    expect(((await mine.json()) as ApiKey).tenant).toBe(acme.name);
    expect((await newKey({ name: 'theirs', roles: ['viewer'], tenant: other.name }, admin)).status).toBe(403);
    expect((await newKey({ name: 'all', roles: ['viewer'], system: true }, admin)).status).toBe(403);
  });

  it('names the faulty fields of a new key', async () => {
    const answer = await newKey({ name: '', roles: ['boss'], tenant: 'A B', colour: 1 }, adminKey);
    expect(answer.status).toBe(400);
    const { problems } = (await answer.json()) as { problems: { path: string }[] };
    expect(problems.map((p) => p.path).sort()).toEqual(['', 'name', 'roles.0', 'tenant']);
  });

  it('shows no hash and no key in the list, and only keys of the tenant', async () => {
    const { items } = await acme.get<{ items: Record<string, unknown>[] }>('api-keys');
    expect(items.length).toBeGreaterThan(0);
    expect(items.every((item) => item.tenant === acme.name && !('hash' in item) && !('key' in item))).toBe(true);
  });

  it('refuses a revoked key within seconds, and records that', async () => {
    const made = (await (
      await newKey({ name: 'short-lived', roles: ['viewer'] }, await acme.key('admin'))
    ).json()) as ApiKey;
    const use = () => fetch(`${url}/audit/api/events`, { headers: { 'x-api-key': made.key } });
    expect((await use()).status).toBe(200);
    expect((await acme.request(`api-keys/${made.id}`, { method: 'DELETE' })).status).toBe(200);
    await waitFor(async () => ((await use()).status === 401 ? true : undefined));
    await acme.waitForCount(1, `eventType=AUDIT_API_KEY_REVOKED&resourceId=${made.id}`);
  });

  it('does not revoke or show the key of another tenant', async () => {
    const made = (await (await newKey({ name: 'x', roles: ['viewer'] }, await acme.key('admin'))).json()) as ApiKey;
    const answer = await other.request(`api-keys/${made.id}`, { method: 'DELETE' });
    expect(answer.status).toBe(404);
  });

  it('lets only a system key act for another tenant', async () => {
    const asAcme = (key: string, tenant: string) =>
      fetch(`${url}/audit/api/events/count`, { headers: { 'x-api-key': key, 'x-tenant': tenant } });
    expect((await asAcme(adminKey, acme.name)).status).toBe(200);
    expect((await asAcme(await other.key('admin'), acme.name)).status).toBe(403);
    expect((await asAcme(adminKey, 'No Tenant')).status).toBe(400);
  });

  it('expires a key at its time', async () => {
    const made = (await (
      await newKey({ name: 'past', roles: ['viewer'], expiresAt: '2020-01-01T00:00:00Z' }, await acme.key('admin'))
    ).json()) as ApiKey;
    expect((await fetch(`${url}/audit/api/events`, { headers: { 'x-api-key': made.key } })).status).toBe(401);
  });
});
