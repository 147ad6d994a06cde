import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { CheckpointSigner } from '../../src/keys/checkpoint-signer';
import { LedgerStore } from '../../src/ledger/ledger-store';
import { tilePath, tilesOf } from '../../src/ledger/tiles';
import { VerifyService } from '../../src/ledger/verify.service';
import { VerifyStore } from '../../src/ledger/verify-store';
import { VerifyWorker } from '../../src/ledger/verify-worker';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { testSealer } from '../support/test-sealer';
import { mcpAudit } from '../support/cli';
import { testDataDir } from '../support/engines';
import { ownWriter } from '../support/own-writer';
import { ownApi } from '../support/search-api';
import { freshTenant, putSegment } from '../support/segments';
import { TestTenant, waitFor } from '../support/system';

const HOUR = 3_600_000;
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mcp-audit-verify-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface State {
  size: number;
  waiting: number;
}

const sealed = (tenant: TestTenant, size: number) =>
  waitFor(async () => {
    const state = await tenant.get<State>('ledger');
    return state.size >= size && state.waiting === 0 ? state : undefined;
  });
const send = (tenant: TestTenant, count: number, userId = 'u1') =>
  tenant.post(
    'events',
    Array.from({ length: count }, (_, i) => ({
      eventType: 'DATA_READ',
      description: `read ${i}`,
      context: { userId },
    })),
  );
const verify = (tenant: TestTenant, ...args: string[]) =>
  mcpAudit(testDataDir(), 'verify', '--tenant', tenant.name, ...args);

describe('mcp-audit verify', () => {
  it('finds a running log sound, and a person who was erased is no fault', async () => {
    const tenant = await TestTenant.create();
    await send(tenant, 5);
    await send(tenant, 2, 'leaves');
    await sealed(tenant, 7);
    expect(await verify(tenant)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^sound: \d+ events/) as string,
    });
    const erased = await mcpAudit(
      ...([
        testDataDir(),
        'erase',
        '--tenant',
        tenant.name,
        '--subject',
        'leaves',
        '--reason',
        'asked for it',
      ] as const),
    );
    expect(erased.stderr).not.toContain('mcp-audit:');
    const result = await verify(tenant, '--json');
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ sound: true, notes: { byKind: { erased: 2 } } });
  });

  it('names what an administrator of the database did, and a critical alert is raised', async () => {
    const tenant = await TestTenant.create();
    await send(tenant, 5);
    await sealed(tenant, 5);
    const { items } = await tenant.get<{ items: { id: string; leafIndex: number }[] }>('events');
    const id = items.find((item) => item.leafIndex === 3)?.id ?? '';
    const runtime = await readRuntime(testDataDir());
    const clickhouse = createClient({ url: runtime?.clickhouseUrl, database: 'audit' });
    try {
      await clickhouse.command({
        query: `ALTER TABLE events UPDATE envelope = replaceOne(envelope, 'read', 'sold') WHERE tenant = {tenant:String} AND leaf_index = 3`,
        query_params: { tenant: tenant.name },
        clickhouse_settings: { mutations_sync: '2' },
      });
    } finally {
      await clickhouse.close();
    }
    const result = await verify(tenant);
    expect(result.code).toBe(1);
    expect(result.stdout).toContain(`altered: leaf 3, ${id}: its bytes are not those that were sealed`);
    await waitFor(async () => {
      const { items: alerts } = await tenant.get<{ items: { ruleId: string }[] }>('alerts?limit=100');
      return alerts.find((alert) => alert.ruleId === 'critical-security');
    });
    await tenant.waitForCount(1, 'eventType=AUDIT_VERIFICATION_FAILED');
  });

  it('says with another code that it could not verify', async () => {
    const tenant = await TestTenant.create();
    const file = join(dir, 'no-checkpoint');
    await writeFile(file, 'nothing');
    const result = await verify(tenant, '--checkpoint', file);
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('this is no checkpoint') as string });
  });

  it('holds the log against an export and a directory of tiles, which needs no database', async () => {
    const tenant = await TestTenant.create();
    await send(tenant, 300);
    await sealed(tenant, 300);
    const file = join(dir, 'export.ndjson');
    const text = await (await tenant.request('events/export?format=ndjson&proofs=true')).text();
    await writeFile(file, text);
    expect((await verify(tenant, '--events', file)).code).toBe(0);
    await writeFile(file, text.replace('"read 7"', '"read 7 more"'));
    const missing = await verify(tenant, '--events', file);
    expect(missing.code).toBe(1);
    expect(missing.stdout).toMatch(/missing: leaf \d+, [0-9a-f-]{36}: the ledger does not hold the event/);

    const mirror = join(dir, 'mirror');
    const fetchTo = async (path: string) => {
      const answer = await tenant.request(`ledger/${tenant.name}/${path}`);
      expect(answer.status).toBe(200);
      await mkdir(dirname(join(mirror, path)), { recursive: true });
      await writeFile(join(mirror, path), Buffer.from(await answer.arrayBuffer()));
    };
    await fetchTo('checkpoint');
    const size = Number((await readFile(join(mirror, 'checkpoint'), 'utf8')).split('\n')[1]);
    for (const name of tilesOf(size)) await fetchTo(tilePath(name));
    const { items } = await tenant.get<{ items: { key: string }[] }>('ledger/keys');
    const offline = () => mcpAudit(dir, 'verify', '--offline', mirror, '--key', items[0]?.key ?? '');
    expect(await offline()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sound: 30\d events/) as string });
    const bundle = join(mirror, 'tile/entries/000');
    const bytes = await readFile(bundle);
    await writeFile(bundle, Buffer.from(bytes.toString('latin1').replace('read 9"', 'sold 9"'), 'latin1'));
    const found = await offline();
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/^ {2}altered: leaf \d+, [0-9a-f-]{36}/);
    await rm(join(mirror, 'tile/1/000.p/1'));
    expect((await offline()).stdout).toContain('wrong-tile: tile/1/000.p/1');
  });
});

describe('verification by schedule', () => {
  it('takes everything first, then what is new, and makes a fault a critical event', async () => {
    const api = await ownApi();
    try {
      const { clickhouse, config, redis } = api.stores;
      const writer = await ownWriter(api.stores);
      const inApi = <T>(type: new (...args: never[]) => T): T => api.app.get<T>(type, { strict: false });
      const signer = inApi(CheckpointSigner);
      const sealer = testSealer(api.stores, signer, writer.keys);
      const tenant = freshTenant();
      let ahead = 0;
      const clock = { now: () => Date.now() + ahead };
      const store = new VerifyStore(clickhouse);
      const worker = new VerifyWorker(
        ...([inApi(VerifyService), store, new LedgerStore(clickhouse), clock, config, redis, writer.keys] as const),
      );
      const land = async (count: number) => {
        if (count > 0)
          await putSegment(
            redis,
            writer.keys,
            tenant,
            Array.from({ length: count }, () => ({})),
          );
        await writer.drain();
        await sealer.round([tenant], new Set());
      };
      const runs = async () => {
        const answer = await clickhouse.query({
          query: `SELECT toString(kind) AS kind, toUInt32(first_leaf) AS first, toUInt32(faults) AS faults
                  FROM verifications WHERE tenant = {tenant:String} ORDER BY started_at`,
          query_params: { tenant },
          format: 'JSONEachRow',
        });
        return answer.json();
      };
      await land(5);
      await worker.runDue();
      expect(await runs()).toEqual([]);
      ahead = 25 * HOUR;
      await worker.runDue();
      expect(await runs()).toEqual([{ kind: 'full', first: 0, faults: 0 }]);
      await land(3);
      await clickhouse.command({
        query: `ALTER TABLE events UPDATE service = 'x' WHERE tenant = {tenant:String} AND leaf_index = 6`,
        query_params: { tenant },
        clickhouse_settings: { mutations_sync: '2' },
      });
      ahead = 50 * HOUR;
      await worker.runDue();
      expect((await runs()).at(-1)).toEqual({ kind: 'incremental', first: 5, faults: 1 });
      await land(0);
      const { total } = await api.get<{ total: number }>(
        tenant,
        'events/count?eventType=AUDIT_VERIFICATION_FAILED&severity=critical',
      );
      expect(total).toBe(1);
      await worker.beforeApplicationShutdown();
    } finally {
      await api.close();
    }
  });
});
