import { insertEvents } from '../support/insert-events';
import { OwnApi, ownApi } from '../support/search-api';
import { freshTenant } from '../support/segments';

let api: OwnApi;
beforeAll(async () => {
  api = await ownApi();
});
afterAll(() => api.close());

interface Hold {
  id: string;
  subjects: string[];
  events: number;
  releasedAt: string | null;
}

const post = (tenant: string, path: string, body: object, role: 'officer' | 'analyst' = 'officer') =>
  api.request(tenant, path, {
    role,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const list = async (tenant: string) =>
  ((await (await api.request(tenant, 'privacy/holds', { role: 'officer' })).json()) as { items: Hold[] }).items;

describe('legal holds', () => {
  it('say how many stored events they cover, by everything that narrows them', async () => {
    const tenant = freshTenant();
    await insertEvents(api.stores.clickhouse, tenant, [
      { eventType: 'LOGOUT', occurredAt: '2026-01-01T00:00:00.000Z', context: { userId: 'ana' } },
      { eventType: 'LOGOUT', occurredAt: '2026-02-01T00:00:00.000Z', context: { userId: 'ana', resourceId: 'S1' } },
      {
        eventType: 'DATA_READ',
        occurredAt: '2026-03-01T00:00:00.000Z',
        context: { resourceType: 'x', resourceId: 'S1' },
      },
    ]);
    const covered = async (scope: object) => {
      const answer = await post(tenant, 'privacy/holds', { name: 'Case', reason: 'court order', ...scope });
      expect(answer.status).toBe(201);
      return ((await answer.json()) as Hold).events;
    };
    expect(await covered({})).toBe(3);
    expect(await covered({ eventTypes: ['LOGOUT'] })).toBe(2);
    expect(await covered({ resourceId: 'S1' })).toBe(2);
    expect(await covered({ resourceId: 'S1', resourceType: 'x' })).toBe(1);
    expect(await covered({ from: '2026-02-01T00:00:00Z', to: '2026-03-01T00:00:00Z' })).toBe(1);
  });

  it('name a person by a reference only, also one of whom nothing is known yet', async () => {
    const tenant = freshTenant();
    const placed = (await (
      await post(tenant, 'privacy/holds', { name: 'Case', reason: 'court order', subjectId: 'planted-person-551' })
    ).json()) as Hold;
    expect(placed.subjects).toEqual([expect.stringMatching(/^sub_/)]);
    const rows = await api.stores.clickhouse.query({ query: 'SELECT * FROM legal_holds', format: 'TabSeparated' });
    expect(await rows.text()).not.toContain('planted-person-551');
  });

  it('keep no text that names the person', async () => {
    const answer = await post(freshTenant(), 'privacy/holds', {
      ...{ name: 'Case', reason: 'asked for by Planted-Person-552', subjectId: 'planted-person-552' },
    });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'PERSON_NAMED', problems: [{ path: 'reason' }] });
  });

  it('are placed once however often they are sent, and stay as a record when released', async () => {
    const tenant = freshTenant();
    const body = { id: '0197f2a0-5b7e-4c3a-9d1e-2f4b6a8c0d12', name: 'Case', reason: 'court order' };
    await post(tenant, 'privacy/holds', body);
    await post(tenant, 'privacy/holds', body);
    expect(await list(tenant)).toHaveLength(1);
    const released = await post(tenant, `privacy/holds/${body.id}/release`, { reason: 'case closed' });
    expect(released.status).toBe(200);
    const again = (await (
      await post(tenant, `privacy/holds/${body.id}/release`, { reason: 'once more' })
    ).json()) as Hold;
    expect(await list(tenant)).toEqual([expect.objectContaining({ id: body.id, releasedAt: again.releasedAt })]);
    expect(again.releasedAt).not.toBeNull();
  });

  it('are for officers, and are seen by no other tenant', async () => {
    const [tenant, other] = [freshTenant(), freshTenant()];
    expect((await post(tenant, 'privacy/holds', { name: 'Case', reason: 'r' }, 'analyst')).status).toBe(403);
    const { id } = (await (await post(tenant, 'privacy/holds', { name: 'Case', reason: 'r' })).json()) as Hold;
    expect(await list(other)).toEqual([]);
    expect((await post(other, `privacy/holds/${id}/release`, { reason: 'r' })).status).toBe(404);
  });

  it('end after they begin', async () => {
    const answer = await post(freshTenant(), 'privacy/holds', {
      ...{ name: 'Case', reason: 'r', from: '2026-02-01T00:00:00Z', to: '2026-02-01T00:00:00Z' },
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ problems: [{ path: 'to', message: 'must be later than from' }] });
  });
});
