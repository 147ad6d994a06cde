import { randomBytes, randomUUID } from 'node:crypto';
import { runningSystem, TestTenant, waitFor } from '../support/system';

type Route = [method: string, path: string];

const WITHOUT_TENANT = ['/audit/api/health', '/audit/api/health/live', '/audit/api/health/ready', '/metrics'];
/** What these make, and then remove, is the caller's own thing of that name. */
const OWN = new Set([
  'PUT /audit/api/recipients/{name}',
  'DELETE /audit/api/recipients/{name}',
  'PUT /audit/api/compliance/activities/{id}',
  'DELETE /audit/api/compliance/activities/{id}',
]);
/** These name a thing of ours in their bodies. */
const NAMING = new Set(['POST /audit/api/notifications/test']);
const REASON = { reason: 'to see what happens' };
const REPORT = { regulation: 'gdpr', from: '2026-01-01', to: '2026-01-02', formats: ['json'] };
const SCHEDULE = { regulation: 'gdpr', period: 'previous_month', cron: '0 6 1 * *', groups: ['dpo'], enabled: false };
const ACTIVITY = { name: 'mine', purposes: ['delivery'], legalBasis: 'contract' };

/** Tries every route of the description with the key of another tenant; a route that is new needs an id of ours here. */
describe('what belongs to a tenant', () => {
  const marker = `marker-${randomBytes(8).toString('hex')}`;
  const rule = (name: string) => ({
    id: marker,
    name,
    severity: 'low',
    triggers: [{ match: { eventTypes: ['DATA_READ'] }, condition: { kind: 'any' } }],
  });
  /** What a route needs to get past validation, where `REASON` does not. */
  const bodies: Record<string, unknown> = {
    'POST /audit/api/alerts/{id}/acknowledge': {},
    'POST /audit/api/alerts/{id}/comment': { comment: 'mine' },
    'POST /audit/api/alerts/{id}/assign': { assignee: 'me' },
    'POST /audit/api/api-keys': { name: 'mine', roles: ['viewer'] },
    'POST /audit/api/keys/rotate': { kind: 'tenant' },
    'POST /audit/api/compliance/requests/{id}/answer': {},
    'POST /audit/api/compliance/breaches/{id}/update': { measures: 'mine' },
    'POST /audit/api/compliance/breaches/{id}/notify': { to: 'authority' },
    'PUT /audit/api/compliance/activities/{id}': ACTIVITY,
    'POST /audit/api/compliance/reports/generate': REPORT,
    'PUT /audit/api/compliance/schedules/{name}': { ...SCHEDULE, description: 'mine' },
    'POST /audit/api/events': { eventType: 'DATA_READ', description: 'mine' },
    'POST /audit/api/rules/test': {
      rule: { ...rule('mine'), id: 'mine' },
      from: '2026-01-01T00:00:00Z',
      to: '2099-01-01T00:00:00Z',
    },
    'POST /audit/api/rules/{id}/test': { from: '2026-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' },
    'POST /audit/api/ledger/{tenant}/verifications': {},
    'POST /audit/api/notifications/test': { group: 'ours' },
    'POST /audit/api/recipients/{name}/channels/{channel}/secrets': {
      secret: `whsec_${randomBytes(24).toString('base64')}`,
    },
    'PUT /audit/api/recipients/{name}': { description: 'mine' },
    'PUT /audit/api/rules/{id}': rule('mine'),
    'PUT /audit/api/privacy/retention/{retention}': { days: 10, ...REASON },
  };
  const queries: Record<string, string> = {
    'GET /audit/api/ledger/{tenant}/consistency': '?from=0&to=1',
    'GET /audit/api/analytics/top': '?of=resource',
    'GET /audit/api/compliance/assessment': '?regulation=gdpr',
    'GET /audit/api/analytics/first-seen': '?of=user',
  };
  let ours: TestTenant;
  let stranger: TestTenant;
  let routes: Route[];
  /** By the beginning of a path: what its {id} is in our tenant. */
  let ids: Record<string, string>;

  beforeAll(async () => {
    const { url } = await runningSystem();
    ours = await TestTenant.create();
    stranger = await TestTenant.create();
    const answer = await fetch(`${url}/audit/api/openapi.json`);
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> };
    routes = Object.entries(paths)
      // Sessions belong to browsers; whoever has none names no tenant.
      .filter(([path]) => !WITHOUT_TENANT.includes(path) && !path.startsWith('/audit/api/session'))
      .flatMap(([path, methods]) => Object.keys(methods).map((method): Route => [method.toUpperCase(), path]));
    const made = async (path: string, body: unknown): Promise<string> => {
      const answered = await ours.post(path, body);
      const text = await answered.text();
      if (!answered.ok) throw new Error(`POST ${path}: ${answered.status} ${text}`);
      return (JSON.parse(text) as { id: string }).id;
    };
    const event = { id: randomUUID(), eventType: 'DATA_READ', description: marker };
    expect((await ours.post('events', event)).status).toBe(202);
    await ours.waitForCount(1, `id=${event.id}`);
    const first = async (path: string) => (await ours.get<{ items: { id: string }[] }>(path)).items[0]?.id;
    const alert = async (): Promise<string> => {
      const critical = { eventType: 'SECURITY_VIOLATION', severity: 'critical', description: marker };
      expect((await ours.post('events', critical)).status).toBe(202);
      return waitFor(() => first('alerts'));
    };
    const deadLetter = async (stored: object): Promise<string> => {
      expect((await ours.post('events', { ...stored, severity: 'high' })).status).toBe(202);
      return waitFor(() => first('dead-letters'));
    };
    const group = { description: marker };
    const put = await ours.request('recipients/ours', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(group),
    });
    expect(put.status).toBe(200);
    const activity = await ours.request('compliance/activities/ours', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...ACTIVITY, name: marker }),
    });
    expect(activity.status).toBe(200);
    const schedule = { name: 'ours', ...SCHEDULE, description: marker };
    expect((await ours.post('compliance/schedules', schedule)).status).toBe(201);
    const erasure = async (): Promise<string> => {
      const about = { eventType: 'DATA_READ', description: 'about somebody', subjectId: 'somebody' };
      expect((await ours.post('events', about)).status).toBe(202);
      await ours.waitForCount(1, 'subjectId=somebody');
      return made('privacy/erasures', { subjectId: 'somebody', reason: marker });
    };
    const verification = async (): Promise<string> => {
      const answer = await ours.post(`ledger/${ours.name}/verifications`, {});
      return /\{"id":"([0-9a-f-]{36})"/.exec(await answer.text())?.[1] ?? '';
    };
    ids = {
      // Before the hold, which would forbid it.
      '/audit/api/privacy/erasures': await erasure(),
      '/audit/api/events': event.id,
      '/audit/api/dead-letters': await deadLetter(event),
      '/audit/api/alerts': await alert(),
      '/audit/api/api-keys': await made('api-keys', { name: marker, roles: ['viewer'] }),
      // Nothing of ours is old enough to have one.
      '/audit/api/privacy/retention/manifests': randomUUID(),
      '/audit/api/ledger/{tenant}/verifications': await verification(),
      // The alert above was told to groups that nobody is in yet; that is noted too.
      '/audit/api/notifications': await waitFor(() => first('notifications')),
      '/audit/api/compliance/requests': await made('compliance/requests', {
        ...{ requestId: `${marker}-request`, law: 'gdpr', right: 'access', subjectId: 'somebody-else' },
      }),
      '/audit/api/compliance/breaches': await made('compliance/breaches', {
        ...{ breachId: `${marker}-breach`, title: marker },
      }),
      '/audit/api/compliance/activities': 'ours',
      '/audit/api/compliance/reports': await made('compliance/reports/generate', REPORT),
      '/audit/api/privacy/holds': await made('privacy/holds', { name: marker, reason: marker }),
      '/audit/api/rules': await made('rules', rule(marker)),
    };
  });

  const idFor = (path: string) => Object.entries(ids).find(([start]) => path.startsWith(`${start}/`))?.[1];
  const attempt = async ([method, path]: Route): Promise<{ status: number; text: string }> => {
    const name = `${method} ${path}`;
    const target = path
      .replace('/audit/api/', '')
      .replace('{tenant}', ours.name)
      .replace('{path}', '0/000')
      // No thing of ours, but a class that every tenant has.
      .replace('{retention}', 'user_action')
      .replace('{name}', 'ours')
      .replace('{channel}', 'mail')
      .replace('{id}', () => {
        const id = idFor(path);
        if (id === undefined) throw new Error(`${name} is new: say in this test what its id is`);
        return id;
      });
    const leave = new AbortController();
    const answer = await stranger.request(target + (queries[name] ?? ''), {
      method,
      ...(method !== 'GET' &&
        method !== 'DELETE' && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(bodies[name] ?? REASON),
        }),
      signal: leave.signal,
    });
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    const text = isStream ? await firstChunk(answer) : await answer.text();
    leave.abort();
    return { status: answer.status, text };
  };

  it('is neither shown to nor changed by the administrator of another', async () => {
    const secrets = [marker, ...Object.values(ids).filter((id) => id !== 'ours')];
    const wrong: string[] = [];
    for (const route of routes) {
      const { status, text } = await attempt(route);
      const name = route.join(' ');
      const isOurs = (route[1].replace('{retention}', '').includes('{') && !OWN.has(name)) || NAMING.has(name);
      const refused = status === 403 || status === 404;
      const shown = text !== '' && !refused && secrets.some((secret) => text.includes(secret));
      if (status >= 500 || shown || refused !== isOurs)
        wrong.push(`${route.join(' ')}: ${status} ${text.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
    for (const path of ['events', 'dead-letters', 'alerts', 'privacy/holds', 'rules']) {
      expect(await ours.get(`${path}/${ids[`/audit/api/${path}`]}`)).toMatchObject({ id: ids[`/audit/api/${path}`] });
    }
    expect(await ours.get('dead-letters')).toMatchObject({ items: [{ state: 'waiting' }] });
    const keys = await ours.get<{ items: { id: string; revokedAt: string | null }[] }>('api-keys');
    expect(keys.items.find(({ id }) => id === ids['/audit/api/api-keys'])).toMatchObject({ revokedAt: null });
    expect(await ours.get('recipients/ours')).toMatchObject({ description: marker });
    expect(await ours.get(`compliance/requests/${marker}-request`)).toMatchObject({ state: 'open', steps: [{}] });
    expect(await ours.get(`compliance/breaches/${marker}-breach`)).toMatchObject({ state: 'open', steps: [{}] });
    expect(await ours.get('compliance/schedules/ours')).toMatchObject({ description: marker, version: 1 });
    expect(await ours.get('compliance/activities/ours')).toMatchObject({ name: marker, version: 1 });
    const hold = await ours.get<{ releasedAt: string | null }>(`privacy/holds/${ids['/audit/api/privacy/holds']}`);
    expect(hold.releasedAt).toBeNull();
  });
});

async function firstChunk(answer: Response): Promise<string> {
  const chunk = await answer.body?.getReader().read();
  return Buffer.from(chunk?.value ?? []).toString();
}
