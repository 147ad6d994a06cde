import { connect } from 'node:net';
import { createClient } from '@clickhouse/client';
import { uuidV7 } from '../../src/events/uuid';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { startSystem, System, TestTenant, waitFor } from '../support/system';

/** As docs/operations.md states it. */
const BOUND_MS = 30_000;
const NDJSON = 'application/x-ndjson';

describe('SIGTERM under full load', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system.stop());

  async function storedIds(tenant: string): Promise<string[]> {
    const runtime = await readRuntime(system.dataDir);
    const clickhouse = createClient({ url: runtime?.clickhouseUrl ?? '', database: 'audit' });
    const answer = await clickhouse.query({
      query: "SELECT toString(id) AS id FROM events WHERE tenant = {tenant:String} AND event_type = 'DATA_READ'",
      query_params: { tenant },
      format: 'JSONEachRow',
    });
    const rows = await answer.json<{ id: string }>();
    await clickhouse.close();
    return rows.map(({ id }) => id);
  }

  it('ends in time, with readers and half a request open, and loses nothing that was acknowledged', async () => {
    const tenant = await TestTenant.create(system);
    const key = await tenant.key('admin');
    const { hostname, port } = new URL(system.url);
    const stream = await tenant.request('events/stream');
    expect(stream.status).toBe(200);
    const half = connect(Number(port), hostname);
    half.on('error', () => undefined);
    half.write(
      `POST /audit/api/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nContent-Type: ${NDJSON}\r\nContent-Length: 99\r\n\r\n{`,
    );

    const acknowledged: string[] = [];
    const sent = new Set<string>();
    let sending = true;
    let refused = 0;
    const sender = async () => {
      while (sending) {
        const ids = Array.from({ length: 50 }, () => uuidV7(Date.now()));
        for (const id of ids) sent.add(id);
        const lines = ids.map((id) => JSON.stringify({ id, eventType: 'DATA_READ', description: 'under load' }));
        const answer = await tenant
          .request('events', { method: 'POST', headers: { 'content-type': NDJSON }, body: lines.join('\n') })
          .catch(() => undefined);
        if (answer?.status === 202) acknowledged.push(...ids);
        else {
          refused += 1;
          await new Promise((done) => setTimeout(done, 20));
        }
      }
    };
    const senders = Array.from({ length: 16 }, sender);
    while (acknowledged.length < 5000) await new Promise((done) => setTimeout(done, 20));
    expect(refused).toBe(0);

    const began = Date.now();
    await system.stop({ remove: false });
    const took = Date.now() - began;
    sending = false;
    await Promise.all(senders);
    half.destroy();
    expect(system.process.exitCode).toBe(0);
    expect(took).toBeLessThan(BOUND_MS);

    system = await startSystem({ AUDIT_DATA_DIR: system.dataDir });
    await waitFor(async () => {
      const answer = await fetch(`${system.url}/audit/api/health`);
      const { pipeline } = (await answer.json()) as { pipeline: { waiting: number; unaccounted: number } };
      expect(pipeline.unaccounted).toBe(0);
      return pipeline.waiting === 0 ? true : undefined;
    });
    const stored = await storedIds(tenant.name);
    const once = new Set(stored);
    expect(once.size).toBe(stored.length);
    expect(acknowledged.filter((id) => !once.has(id))).toEqual([]);
    expect(stored.filter((id) => !sent.has(id))).toEqual([]);
  });
});
