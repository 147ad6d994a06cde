import { findProcess, signal } from '../support/processes';
import { startSystem, System, TestTenant, waitFor } from '../support/system';

const BOUND = 300_000;
const EVENTS = 20;

/** What docs/operations.md says of a store that is away: ingest goes on to the bound, refuses, and takes up again by itself. */
describe('back-pressure while ClickHouse is away', () => {
  let system: System;
  beforeAll(async () => {
    // In so small a buffer the system's own events already count as those of others, for whom room is kept otherwise.
    system = await startSystem({ AUDIT_BUFFER_MAX_BYTES: String(BOUND), AUDIT_TENANT_BUFFER_SHARE: '100' });
  });
  afterAll(() => system.stop());

  const clickhouse = () => findProcess(system.process.pid, 'engine.cjs');

  it.each([
    ['goes on', 'SIGCONT'],
    ['is killed and started again', 'SIGKILL'],
  ] as const)('loses nothing of what fits, refuses the rest, and recovers when it %s', async (_, end) => {
    const tenant = await TestTenant.create(system);
    const acknowledged: string[] = [];
    const send = async (): Promise<Response> => {
      const body = Array.from({ length: EVENTS }, () => ({ eventType: 'DATA_READ', description: 'x'.repeat(500) }));
      const answer = await tenant.post('events', body, {}, 'ingest');
      if (answer.status === 202) acknowledged.push(...((await answer.clone().json()) as { ids: string[] }).ids);
      return answer;
    };
    expect((await send()).status).toBe(202);
    await tenant.waitForCount(EVENTS, 'eventType=DATA_READ');

    expect(signal(clickhouse(), 'SIGSTOP')).toBe(true);
    let answer = await send();
    for (; answer.status === 202; answer = await send()) expect(acknowledged.length).toBeLessThan(2000);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ code: 'BUFFER_FULL' });
    // A row is a little longer than its envelope of some 800 bytes; the bound is passed by one request at most.
    expect(acknowledged.length * 800).toBeGreaterThan(BOUND / 2);
    expect(acknowledged.length * 500).toBeLessThan(BOUND + (1 + EVENTS) * 1000);

    signal(clickhouse(), end);
    await waitFor(async () => ((await send()).status === 202 ? true : undefined), { everyMs: 200 });
    await tenant.waitForCount(acknowledged.length, 'eventType=DATA_READ');
    const { items } = await tenant.get<{ items: { id: string }[] }>('events?eventType=DATA_READ&limit=1000');
    expect(items.map(({ id }) => id).sort()).toEqual([...acknowledged].sort());
    const health = (await (await fetch(`${system.url}/audit/api/health`)).json()) as object;
    expect(health).toMatchObject({ status: 'ok', pipeline: { unaccounted: 0 } });
  });
});
