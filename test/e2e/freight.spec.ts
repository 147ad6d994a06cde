import { ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRecords } from '../../src/sdk/spool-format';
import { freePort } from '../../src/supervisor/free-port';
import { ROOT, startSystem, System, TestTenant, waitFor } from '../support/system';

interface Found {
  id: string;
  eventType: string;
  description: string;
  context: Record<string, string>;
  details: Record<string, unknown>;
  changes: unknown;
  amount: number;
  recordCount: number;
  outcome: string;
}

/** The example application, in a process of its own. */
class Freight {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {}

  static async start(auditUrl: string, apiKey: string, spoolDir: string): Promise<Freight> {
    const args = ['--no-warnings', '-r', './test/support/register.cjs', 'examples/freight/main.ts'];
    const env = {
      ...process.env,
      AUDIT_URL: auditUrl,
      AUDIT_API_KEY: apiKey,
      FREIGHT_SPOOL_DIR: spoolDir,
      FREIGHT_PORT: '0',
    };
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const url = await waitFor(() => Promise.resolve(/listens on (\S+)/.exec(output)?.[1]), {
      what: () => `freight to listen:\n${output}`,
    });
    return new Freight(child, url);
  }

  async call(user: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const answer = await fetch(`${this.url}/${path}`, {
      method,
      headers: { 'x-user': user, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as Record<string, string> };
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = new Promise((done) => this.child.once('exit', done));
    this.child.kill(signal);
    await exited;
  }
}

/** How many events wait on disk: their content is sealed, their number is not. */
async function spooled(dir: string): Promise<number> {
  const files = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.spool'));
  const records = await Promise.all(files.map(async (name) => findRecords(await readFile(join(dir, name))).records));
  return records.flat().reduce((sum, { count }) => sum + count, 0);
}

describe('the freight example', () => {
  let system: System;
  let tenant: TestTenant;
  let freight: Freight;
  let spoolDir: string;
  let port: string;
  const started: Freight[] = [];
  const startFreight = async () => {
    freight = await Freight.start(system.url, await tenant.key('ingest'), spoolDir);
    started.push(freight);
  };
  const found = async (query: string) =>
    (await tenant.get<{ items: Found[] }>(`events?reveal=true&reason=test&limit=500&${query}`)).items;

  beforeAll(async () => {
    port = String(await freePort());
    spoolDir = await mkdtemp(join(tmpdir(), 'mcp-audit-freight-'));
    system = await startSystem({ AUDIT_PORT: port });
    tenant = await TestTenant.create(system);
    await startFreight();
  });

  afterAll(async () => {
    for (const one of started) await one.end('SIGKILL');
    await system.stop();
    await rm(spoolDir, { recursive: true, force: true });
  });

  it('records who did what, from where, in which request, without secrets', async () => {
    const headers = { 'x-request-id': 'req-42', 'x-forwarded-for': '203.0.113.9', 'user-agent': 'browser' };
    const call = (user: string, method: string, path: string, body?: unknown) =>
      freight.call(user, method, path, body, headers);
    expect((await call('', 'POST', 'login', { user: 'anna', password: 'wrong' })).status).toBe(401);
    expect((await call('', 'POST', 'login', { user: 'anna', password: 'apple' })).status).toBe(204);
    const booked = await call('anna', 'POST', 'shipments', { from: 'Hamburg', to: 'Santos', weight: 12.5 });
    expect(booked).toMatchObject({ status: 201, body: { id: 'SHP-2041', status: 'booked' } });
    expect((await call('anna', 'PATCH', 'shipments/SHP-2041', { status: 'on its way' })).status).toBe(200);
    expect((await call('anna', 'GET', 'shipments/SHP-1')).status).toBe(404);
    expect((await call('anna', 'GET', 'shipments')).body).toHaveLength(1);
    expect((await call('anna', 'DELETE', 'shipments/SHP-2041')).status).toBe(200);
    expect((await call('anna', 'POST', 'users', { id: 'eve' })).status).toBe(403);
    const eve = { id: 'eve', name: 'Eve', role: 'clerk', password: 'secret-of-eve' };
    expect(await call('carla', 'POST', 'users', eve)).toMatchObject({ status: 201, body: { id: 'eve' } });
    const invoice = { shipment: 'SHP-2041', amount: 25_000, currency: 'EUR', taxNumber: 'DE-4711' };
    expect((await call('bert', 'POST', 'invoices', invoice)).status).toBe(201);
    expect((await call('bert', 'POST', 'invoices/INV-1/pay')).body).toMatchObject({ paid: true });

    await tenant.waitForCount(13, 'correlationId=req-42');
    const events = (await found('correlationId=req-42')).reverse();
    const byType = (type: string) => events.filter(({ eventType }) => eventType === type);
    const from = { ipAddress: '203.0.113.9', userAgent: 'browser', service: 'freight' };
    for (const { context } of events) expect(context).toMatchObject(from);
    expect(byType('LOGIN_FAILED')).toMatchObject([{ context: { userId: 'anna' } }]);
    expect(byType('DATA_CREATED')).toMatchObject([
      {
        context: { userId: 'anna', resourceType: 'shipment', resourceId: 'SHP-2041' },
        changes: { after: { weight: 12.5 } },
      },
    ]);
    expect(byType('DATA_UPDATED')).toMatchObject([
      { description: 'shipment changed', changes: { before: { status: 'booked' }, after: { status: 'on its way' } } },
    ]);
    expect(byType('DATA_DELETED')).toMatchObject([{ changes: { before: { to: 'Santos' } } }]);
    expect(byType('DATA_READ')).toMatchObject([{ outcome: 'failure', context: { resourceId: 'SHP-1' } }]);
    expect(byType('DATA_EXPORTED')).toMatchObject([{ recordCount: 1 }]);
    expect(byType('ACCESS_DENIED').map(({ description }) => description)).toEqual([
      'POST /login was refused',
      'POST /users was refused',
    ]);
    expect(byType('USER_CREATED')).toMatchObject([{ context: { userId: 'carla', resourceId: 'eve' } }]);
    expect(byType('API_CALL')).toMatchObject([
      { details: { status: 201, path: '/users', requestBody: { id: 'eve', password: '[redacted]' } } },
    ]);
    expect(byType('FINANCIAL_TRANSACTION')).toMatchObject([
      { description: 'Invoice written', amount: 25_000, details: { taxNumber: '[redacted]' } },
      { description: 'Invoice paid', amount: 25_000, context: { userId: 'bert' } },
    ]);
    expect(JSON.stringify(events)).not.toContain('secret-of-eve');
  });

  it('records a job in a context of its own', async () => {
    await freight.call('bert', 'POST', 'invoices', { shipment: 'S', amount: 1, currency: 'EUR', taxNumber: 'x' });
    expect((await freight.call('bert', 'POST', 'invoices/close/2026-11')).body).toEqual({ open: 1 });
    await tenant.waitForCount(2, 'correlationId=close-2026-11');
    expect(await found('correlationId=close-2026-11')).toMatchObject([
      { description: 'Month 2026-11 closed', recordCount: 1, context: { userId: 'system' } },
      { description: 'Open invoice reviewed', context: { userId: 'system', resourceId: 'INV-2' } },
    ]);
  });

  it('goes on while the audit system is away and loses nothing, also when it is killed meanwhile', async () => {
    const { dataDir } = system;
    const book = async (to: string) => {
      const answer = await freight.call(
        'anna',
        'POST',
        'shipments',
        { from: 'Outage', to, weight: 1 },
        { 'x-request-id': 'outage' },
      );
      expect(answer.status).toBe(201);
    };
    await book('before');
    await system.stop({ remove: false });
    for (let i = 0; i < 50; i++) await book(`first ${i}`);
    // Its event fails closed: the payment is made since the event is on disk.
    await freight.call('bert', 'POST', 'invoices', { shipment: 'S', amount: 20_000, currency: 'EUR', taxNumber: 'x' });
    expect(
      (await freight.call('bert', 'POST', 'invoices/INV-3/pay', undefined, { 'x-request-id': 'large' })).status,
    ).toBe(201);
    await waitFor(async () => ((await spooled(spoolDir)) >= 52 ? true : undefined), {
      what: () => '52 events on disk',
    });
    await freight.end('SIGKILL');
    await startFreight();
    for (let i = 0; i < 50; i++) await book(`second ${i}`);
    system = await startSystem({ AUDIT_PORT: port, AUDIT_DATA_DIR: dataDir });
    await tenant.waitForCount(101, 'correlationId=outage');
    await tenant.waitForCount(1, 'correlationId=large');
    const places = (await found('correlationId=outage')).map(
      ({ changes }) => (changes as { after: { to: string } }).after.to,
    );
    expect(new Set(places).size).toBe(101);
    await freight.end('SIGTERM');
    // Nothing came twice.
    await tenant.waitForCount(101, 'correlationId=outage');
  });
});
