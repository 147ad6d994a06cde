import { createClient, ClickHouseClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import type { Role } from '../../src/access/permissions';
import { RedisKeys } from '../../src/redis/redis-keys';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { testDataDir } from '../support/engines';
import { TestTenant, waitFor } from '../support/system';

interface Item {
  id: string;
  description: string;
  subjectId: unknown;
  context?: { userId?: unknown; userAgent?: unknown; ipAddress?: string };
  details?: Record<string, unknown>;
  sealed?: string[];
}
interface Page {
  items: Item[];
}
interface Act {
  eventType: string;
  context: { userId: string };
  recordCount?: number;
  details: { reason: string; filter?: Record<string, unknown>; events?: string[]; exportId?: string };
}

const EVENTS = [
  {
    eventType: 'DATA_UPDATED',
    occurredAt: '2026-11-01T00:00:00.000Z',
    description: 'one',
    context: { userId: 'clerk-7', userAgent: 'Mozilla/5.0', ipAddress: '203.0.113.9' },
    subjectId: 'ana',
    details: { email: 'ana@example.org', count: 3 },
  },
  {
    eventType: 'DATA_READ',
    occurredAt: '2026-11-02T00:00:00.000Z',
    description: 'two',
    context: { userId: 'bruno', userAgent: 'curl' },
  },

  {
    eventType: 'SYSTEM_STARTED',
    occurredAt: '2026-11-03T00:00:00.000Z',
    description: 'three',
    details: { email: 'ops@example.org' },
  },
];
const WHY = 'reveal=true&reason=TICKET-1';

describe('revealing personal data', () => {
  let tenant: TestTenant;
  let clickhouse: ClickHouseClient;
  let redis: Redis;
  beforeAll(async () => {
    tenant = await TestTenant.create();
    const runtime = await readRuntime(testDataDir());
    clickhouse = createClient({ url: runtime?.clickhouseUrl ?? '', database: 'audit' });
    redis = new Redis(runtime?.redisUrl ?? '');
    expect((await tenant.post('events', EVENTS)).status).toBe(202);
    await tenant.waitForCount(3, 'eventType=DATA_UPDATED&eventType=DATA_READ&eventType=SYSTEM_STARTED');
  });
  afterAll(async () => {
    redis.disconnect();
    await clickhouse.close();
  });

  const list = (query: string, role: Role = 'officer') => tenant.get<Page>(`events?${query}`, role);
  const one = async (description: string, query = WHY) =>
    (await list(`text=${description}&category=data&category=system&${query}`)).items[0];
  const acts = async () => (await tenant.get<{ items: Act[] }>('events?eventType=AUDIT_REVEAL')).items;
  /** The act that gives this reason, as soon as it is stored. */
  const act = (reason: string): Promise<Act> =>
    waitFor(async () => (await acts()).find(({ details }) => details.reason === reason));

  it('is not done unless it is asked for: references and names of fields are shown', async () => {
    const item = await one('one', '');
    expect(item?.context?.userId).toMatch(/^sub_/);
    expect(item?.subjectId).toMatch(/^sub_/);
    expect(item?.context?.userAgent).toBeUndefined();
    expect(item?.details).toEqual({ count: 3 });
    expect(item?.sealed?.sort()).toEqual(['context.userAgent', 'details.email']);
  });

  it('gives lists and single events as they were sent, and records who, what and why before', async () => {
    const { items } = await list('eventType=DATA_UPDATED&reveal=true&reason=the+list');
    expect(items[0]).toMatchObject(EVENTS[0] ?? {});
    expect(items[0]?.sealed).toBeUndefined();
    const { context, details, recordCount } = await act('the list');
    expect(context.userId).toMatch(/^apikey:/);
    expect(details).toMatchObject({ filter: { eventType: ['DATA_UPDATED'] }, events: [items[0]?.id] });
    expect(recordCount).toBe(1);

    const single = await tenant.request(`events/${items[0]?.id}?reveal=true&reason=the+event`, { role: 'officer' });
    expect(single.headers.get('cache-control')).toBe('no-store');
    expect(await single.json()).toMatchObject(EVENTS[0] ?? {});
    expect((await act('the event')).details.events).toEqual([items[0]?.id]);
  });

  it('opens what belongs to nobody as well', async () => {
    expect((await one('three'))?.details).toEqual({ email: 'ops@example.org' });
  });

  it('is refused to who may not, and without a reason, and then shows and records nothing', async () => {
    const paths = ['events', 'events/count', 'events/export', `events/${(await one('one', ''))?.id}`];
    for (const path of paths) {
      const refused = await tenant.request(`${path}?reveal=true&reason=forbidden`, { role: 'analyst' });
      expect([path, refused.status]).toEqual([path, 403]);
      expect(await refused.text()).toContain('events:reveal');
      const unexplained = await tenant.request(`${path}?reveal=true`, { role: 'officer' });
      expect([path, unexplained.status]).toEqual([path, 400]);
      expect(await unexplained.text()).toContain('reason');
    }
    await list('reveal=true&reason=after+the+refusals');
    await act('after the refusals');
    expect((await acts()).filter(({ details }) => details.reason === 'forbidden')).toEqual([]);
  });

  it('is not needed to search by the plain id of a person', async () => {
    expect((await list('userId=bruno', 'viewer')).items.map((i) => i.description)).toEqual(['two']);
    expect((await list('subjectId=ana', 'viewer')).items.map((i) => i.description)).toEqual(['one']);
    expect((await list('userId=ana', 'viewer')).items).toEqual([]);
  });

  it('writes no id of a person into the log when it was searched for one', async () => {
    await list('userId=bruno&userId=nobody-known&reveal=true&reason=two+people');
    const filter = JSON.stringify((await act('two people')).details.filter);
    expect(filter).toMatch(/sub_/);
    expect(filter).toContain('1 unknown');
    expect(filter).not.toMatch(/bruno|nobody-known/);
  });

  it('names the people of groups', async () => {
    const groups = async (query: string) => {
      const path = `events/count?eventType=DATA_UPDATED&eventType=DATA_READ&groupBy=userId&${query}`;
      return (await tenant.get<{ groups: { key: string }[] }>(path, 'officer')).groups.map((g) => g.key).sort();
    };
    expect(await groups(WHY)).toEqual(['bruno', 'clerk-7']);
    expect(await groups('')).toEqual([expect.stringMatching(/^sub_/), expect.stringMatching(/^sub_/)]);
  });

  it.each(['json', 'ndjson'])('opens an export as %s line by line, and no other form', async (format) => {
    const path = (f: string) =>
      `events/export?format=${f}&category=data&category=system&reveal=true&reason=${format}+export`;
    const answer = await tenant.request(path(format), { role: 'officer' });
    const text = await answer.text();
    const rows = (
      format === 'json'
        ? JSON.parse(text)
        : text
            .trimEnd()
            .split('\n')
            .map((l) => JSON.parse(l) as { event?: Item })
            .filter((row) => row.event)
    ) as { event: Item }[];
    expect(rows.map((row) => row.event)).toEqual(EVENTS.map((event) => expect.objectContaining(event) as unknown));
    expect((await act(`${format} export`)).details.exportId).toBe(answer.headers.get('x-export-id'));
    for (const other of ['csv', 'parquet', 'xlsx']) {
      expect((await tenant.request(path(other), { role: 'officer' })).status).toBe(400);
    }
  });

  it('shows as erased what belonged to a person whose key is gone, and the rest as before', async () => {
    const reference = (await one('one', ''))?.subjectId;
    const keys = new RedisKeys('audit');
    const params = { tenant: tenant.name, reference };
    const found = await clickhouse.query({
      query: 'SELECT lookup FROM subjects WHERE tenant = {tenant:String} AND reference = {reference:String}',
      query_params: params,
      format: 'JSONEachRow',
    });
    const [row] = await found.json<{ lookup: string }>();
    await clickhouse.command({
      query: 'ALTER TABLE subjects DELETE WHERE tenant = {tenant:String} AND reference = {reference:String}',
      query_params: params,
      clickhouse_settings: { mutations_sync: '2' },
    });
    expect(await redis.hdel(keys.subjects(tenant.name), row?.lookup ?? '')).toBe(1);
    await waitFor(async () => ((await one('one'))?.subjectId === 'ana' ? undefined : true));
    expect(await one('one')).toMatchObject({
      subjectId: { erased: true },
      context: { userId: 'clerk-7', userAgent: 'Mozilla/5.0' },
      details: { email: { erased: true }, count: 3 },
    });
    expect((await list('subjectId=ana', 'viewer')).items).toEqual([]);
  });
});
