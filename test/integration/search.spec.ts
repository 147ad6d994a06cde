import { whereBehind, whereEvents } from '../../src/search/event-where';
import { Inserted, insertEvents, TestEvent } from '../support/insert-events';
import { OwnApi, ownApi } from '../support/search-api';

interface Page {
  items: { id: string; occurredAt: string; leafIndex: number; checksum: string; keyId: number | null }[];
  nextCursor: string | null;
}

const UNKNOWN = '0197f2a0-5b7e-7c3a-9d1e-2f4b6a8c0d12';

describe('searching', () => {
  let api: OwnApi;
  beforeAll(async () => {
    api = await ownApi();
  });
  afterAll(() => api.close());

  const insert = (tenant: string, events: TestEvent[], firstLeaf = 0) =>
    insertEvents(api.stores.clickhouse, tenant, events, firstLeaf);
  const ids = async (tenant: string, query: string) =>
    (await api.get<Page>(tenant, `events?${query}`)).items.map((item) => item.id);

  describe('by each filter', () => {
    const tenant = 'filters';
    const other: TestEvent = {
      eventType: 'DATA_READ',
      occurredAt: '2026-11-02T00:00:00.000Z',
      description: 'Something',
    };
    const one: TestEvent = {
      eventType: 'LOGIN_FAILED',
      occurredAt: '2026-11-01T12:00:00.000Z',
      severity: 'high',
      outcome: 'denied',
      description: 'Wrong PÄSSWORD',
      subjectId: 'subject-1',
      context: {
        userId: 'user-1',
        sessionId: 'session-1',
        ipAddress: '203.0.113.9',
        resourceType: 'portal',
        resourceId: 'resource-1',
        correlationId: 'correlation-1',
        service: 'service,1',
      },
    };
    const six: TestEvent = {
      ...other,
      occurredAt: '2026-11-03T00:00:00.000Z',
      context: { ipAddress: '2001:DB8:0:0::7', userId: 'user-6' },
    };
    let first: Inserted;
    let absent: Inserted;
    let v6: Inserted;
    beforeAll(async () => {
      [first, absent, v6] = (await insert(tenant, [one, other, six])) as [Inserted, Inserted, Inserted];
    });

    it.each([
      'eventType=LOGIN_FAILED',
      'category=authentication',
      'severity=high',
      'severity=critical&severity=high',
      'minSeverity=high',
      'outcome=denied',
      'userId=user-1',
      'userId=nobody&userId=user-1',
      'subjectId=subject-1',
      'sessionId=session-1',
      'resourceType=portal',
      'resourceId=resource-1',
      'ipAddress=203.0.113.9',
      'ipAddress=203.0.113.0/24',
      'ipAddress=::ffff:203.0.113.9',
      'ipAddress=0.0.0.0/0',
      'correlationId=correlation-1',
      'service=service,1',
      'text=p%C3%A4ssw',
      'to=2026-11-02',
      'from=2026-11-01T12:00:00Z&to=2026-11-01T12:00:00.001Z',
      'userId=user-1&severity=high&from=2026-01-01',
    ])('%s finds the one event', async (query) => {
      expect(await ids(tenant, query)).toEqual([first.id]);
    });

    it('id finds events by id, in either case', async () => {
      expect(await ids(tenant, `id=${first.id.toUpperCase()}&id=${UNKNOWN}`)).toEqual([first.id]);
    });

    it.each([['2001:db8::7'], ['2001:db8::/32'], ['2000::/3']])('ipAddress=%s finds an IPv6 address', async (range) => {
      expect(await ids(tenant, `ipAddress=${range}`)).toEqual([v6.id]);
    });

    it('a range that holds every address leaves out events without one', async () => {
      expect(await ids(tenant, 'ipAddress=::/0&order=asc')).toEqual([first.id, v6.id]);
    });

    it('from is inclusive and to is not', async () => {
      expect(await ids(tenant, 'from=2026-11-02&to=2026-11-03')).toEqual([absent.id]);
    });

    it('filters have to match together', async () => {
      expect(await ids(tenant, 'userId=user-1&severity=low')).toEqual([]);
    });

    it('refuses an unknown parameter with a problem document', async () => {
      const answer = await api.request(tenant, 'events?adress=1.2.3.4');
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(await answer.json()).toMatchObject({ problems: [{ path: 'adress' }] });
    });
  });

  describe('page by page', () => {
    const tenant = 'pages';
    let all: Inserted[];
    beforeAll(async () => {
      // Seven events share each instant, and two retention classes make two partitions.
      const events = Array.from({ length: 70 }, (_, i) => ({
        eventType: i % 2 === 0 ? 'LOGIN_FAILED' : 'DATA_READ',
        occurredAt: new Date(Date.UTC(2026, 10, 1) + Math.floor(i / 7)).toISOString(),
      }));
      all = await insert(tenant, events);
    });

    it.each(['asc', 'desc'])('gives every event once, by time, with order=%s', async (order) => {
      const seen: Page['items'] = [];
      let cursor = '';
      let pages = 0;
      do {
        const page: Page = await api.get(tenant, `events?limit=9&order=${order}${cursor && `&cursor=${cursor}`}`);
        seen.push(...page.items);
        cursor = page.nextCursor ?? '';
        pages++;
      } while (cursor !== '');
      expect(pages).toBe(8);
      expect(seen.map((item) => item.id).sort()).toEqual(all.map((event) => event.id).sort());
      const times = seen.map((item) => item.occurredAt);
      expect(times).toEqual(order === 'asc' ? [...times].sort() : [...times].sort().reverse());
    });

    it('has no next page when the last one is just full', async () => {
      expect((await api.get<Page>(tenant, 'events?limit=70')).nextCursor).toBeNull();
    });

    it('refuses a cursor of the other order', async () => {
      const { nextCursor } = await api.get<Page>(tenant, 'events?limit=1');
      const answer = await api.request(tenant, `events?order=asc&cursor=${nextCursor}`);
      expect(answer.status).toBe(400);
    });

    it('reads in the order of the key, from the place of the cursor on', async () => {
      const where = whereBehind(whereEvents(tenant, {}), { occurredAt: Date.UTC(2026, 10, 1), id: UNKNOWN }, 'desc');
      const plan = await api.stores.clickhouse.query({
        query: `EXPLAIN indexes = 1, actions = 1 SELECT envelope FROM events WHERE ${where.sql}
                ORDER BY occurred_at DESC, id DESC LIMIT 10 SETTINGS query_plan_optimize_lazy_materialization = 0`,
        query_params: where.params,
        format: 'TabSeparatedRaw',
      });
      const text = await plan.text();
      expect(text).toContain('InReverseOrder');
      expect(text).toMatch(/Keys:\s*tenant\s*occurred_at/);
    });
  });

  describe('one event', () => {
    const tenant = 'single';
    let event: Inserted;
    beforeAll(async () => {
      [event] = (await insert(tenant, [{ details: { a: [null, 1.5] }, amount: -12.5, currency: 'EUR', keyId: 3 }])) as [
        Inserted,
      ];
    });

    it('comes with the members of its envelope and what proves it', async () => {
      const answer = await api.request(tenant, `events/${event.id}`);
      const item = (await answer.json()) as Page['items'][number];
      expect(item).toEqual({
        ...(JSON.parse(event.envelope) as object),
        leafIndex: 0,
        checksum: item.checksum,
        keyId: 3,
      });
      expect(answer.headers.get('etag')).toBe(`"${item.checksum}"`);
    });

    it('is not sent again to who has it', async () => {
      const etag = (await api.request(tenant, `events/${event.id}`)).headers.get('etag') ?? '';
      const answer = await api.request(tenant, `events/${event.id}`, { headers: { 'if-none-match': etag } });
      expect([answer.status, await answer.text()]).toEqual([304, '']);
    });

    it('is a 404 when unknown, and a 400 when its id is none', async () => {
      expect((await api.request(tenant, `events/${UNKNOWN}`)).status).toBe(404);
      expect((await api.request(tenant, 'events/nonsense')).status).toBe(400);
    });
  });

  describe('counting', () => {
    const tenant = 'counts';
    beforeAll(async () => {
      const at = (hour: number, ipAddress?: string): TestEvent => ({
        occurredAt: new Date(Date.UTC(2026, 9, 25, hour)).toISOString(),
        ...(ipAddress && { context: { ipAddress } }),
      });
      // The night in which Lisbon's clocks go back: 01:00 comes twice.
      await insert(tenant, [at(0, '10.0.0.1'), at(1, '10.0.0.1'), at(1, '10.0.0.2'), at(23), at(25, '10.0.0.1')]);
    });

    it('gives the total', async () => {
      expect(await api.get(tenant, 'events/count')).toEqual({ total: 5 });
      expect(await api.get(tenant, 'events/count?userId=nobody')).toEqual({ total: 0 });
      expect(await api.get(tenant, 'events/count?userId=nobody&groupBy=day')).toEqual({ total: 0, groups: [] });
    });

    it('gives the largest groups, and the total of all', async () => {
      expect(await api.get(tenant, 'events/count?groupBy=ipAddress&top=1')).toEqual({
        total: 5,
        groups: [{ key: '10.0.0.1', count: 3 }],
      });
    });

    it('names a group of events without the field null', async () => {
      const { groups } = await api.get<{ groups: unknown[] }>(tenant, 'events/count?groupBy=ipAddress');
      expect(groups).toContainEqual({ key: null, count: 1 });
    });

    it('counts by minute, as an hour of the local clock goes', async () => {
      const { groups } = await api.get<{ groups: { key: string; count: number }[] }>(
        tenant,
        'events/count?groupBy=minute&timezone=Europe/Lisbon&to=2026-10-25T12:00:00Z',
      );
      expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(3);
      expect(groups.every(({ key }) => /^2026-10-25T01:\d\d:00\+0[01]:00$/.test(key))).toBe(true);
    });

    it('counts by local day and hour, in order of time', async () => {
      expect(await api.get(tenant, 'events/count?groupBy=day&timezone=Europe/Lisbon')).toMatchObject({
        groups: [
          { key: '2026-10-25', count: 4 },
          { key: '2026-10-26', count: 1 },
        ],
      });
      expect(await api.get(tenant, 'events/count?groupBy=hour&timezone=Europe/Lisbon&to=2026-10-25T12:00:00Z')).toEqual(
        {
          total: 3,
          groups: [
            { key: '2026-10-25T01:00:00+01:00', count: 1 },
            { key: '2026-10-25T01:00:00+00:00', count: 2 },
          ],
        },
      );
    });

    it.each(['eventType', 'category', 'severity', 'outcome', 'userId', 'service', 'resourceType'])(
      'counts by %s',
      async (groupBy) => {
        const answer = await api.get<{ groups: unknown[] }>(tenant, `events/count?groupBy=${groupBy}`);
        expect(answer.groups).toHaveLength(1);
      },
    );
  });

  describe('tenants', () => {
    let secret: Inserted;
    beforeAll(async () => {
      [secret] = (await insert('theirs', [{ context: { userId: 'planted' } }])) as [Inserted];
    });

    it('never see each other', async () => {
      expect(await ids('ours', '')).toEqual([]);
      expect(await ids('ours', `id=${secret.id}`)).toEqual([]);
      expect(await api.get('ours', 'events/count')).toEqual({ total: 0 });
      expect((await api.request('ours', `events/${secret.id}`)).status).toBe(404);
      const page = await api.get<Page>('theirs', 'events?limit=1000');
      expect(page.items).toHaveLength(1);
    });

    it('keys that may only send may not read', async () => {
      for (const path of ['events', 'events/count', `events/${secret.id}`]) {
        expect((await api.request('theirs', path, { role: 'ingest' })).status).toBe(403);
      }
    });
  });
});
