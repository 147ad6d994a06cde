import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcpAudit } from '../support/cli';
import { runningSystem, TestTenant, waitFor } from '../support/system';

describe('mcp-audit', () => {
  let dir: string;
  let dataDir: string;
  let tenant: TestTenant;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'cli-'));
    ({ dataDir } = await runningSystem());
    tenant = await TestTenant.create();
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('says what to do when nothing runs', async () => {
    const result = await mcpAudit(dir, 'search');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('npm start');
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([[['serch']], [['import', 'x']], [['search', '--limit', 'many']]])(
    'ends with 2 when called as %s',
    async (args) => {
      expect((await mcpAudit(dataDir, ...args)).code).toBe(2);
    },
  );

  it('makes a key that works, lists it without its secret, and ends it', async () => {
    const made = await mcpAudit(
      dataDir,
      'apikey',
      'create',
      '--name',
      'cli',
      '--role',
      'admin',
      '--tenant',
      tenant.name,
    );
    const key = made.stdout.trim();
    const asNewKey = () => fetch(`${tenant.url}/audit/api/api-keys`, { headers: { authorization: `Bearer ${key}` } });
    expect((await asNewKey()).status).toBe(200);
    const { stdout } = await mcpAudit(dataDir, 'apikey', 'list', '--tenant', tenant.name, '--json');
    const [listed] = (JSON.parse(stdout) as { id: string; name: string }[]).filter((k) => k.name === 'cli');
    expect(stdout).not.toContain(key);
    expect((await mcpAudit(dataDir, 'apikey', 'revoke', listed?.id ?? '', '--tenant', tenant.name)).code).toBe(0);
    await waitFor(async () => ((await asNewKey()).status === 401 ? true : undefined), { what: () => 'the key to end' });
  });

  it('shows what happened, once the worker has counted it', async () => {
    const counted = await TestTenant.create();
    const failed = { eventType: 'LOGIN_FAILED', description: 'Wrong password', context: { ipAddress: '203.0.113.9' } };
    expect(
      (await counted.post('events', [failed, failed, { eventType: 'DATA_READ', description: 'read it' }])).status,
    ).toBe(202);
    const stats = () => mcpAudit(dataDir, 'stats', '--tenant', counted.name, '--json');
    const answer = await waitFor(async () => {
      const summary = JSON.parse((await stats()).stdout) as { totals: { addresses: number } };
      return summary.totals.addresses > 0 ? summary : undefined;
    });
    expect(answer).toMatchObject({
      totals: { failures: { count: 2, previous: 0 }, addresses: 1 },
      topAddresses: [{ key: '203.0.113.9', events: 2, failures: 2 }],
    });
    const { stdout } = await mcpAudit(dataDir, 'stats', '--tenant', counted.name);
    expect(stdout).toMatch(/^203\.0\.113\.9 +2 +2$/m);
    expect(stdout).toMatch(/0 waiting, 0 dead letters, 0 unaccounted/);
  });

  it('names the field that the server refused', async () => {
    const name = 'n'.repeat(200);
    const result = await mcpAudit(
      dataDir,
      'apikey',
      'create',
      '--name',
      name,
      '--role',
      'viewer',
      '--tenant',
      tenant.name,
    );
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/name: /);
  });

  it('names the lines of an import that were refused, here and by the server, and sends the others', async () => {
    const file = join(dir, 'events.ndjson');
    const good = { eventType: 'DATA_READ', description: 'ok', occurredAt: '2026-01-02T03:04:05Z' };
    const lines = [good, { ...good, eventType: 'DATA_RAED' }, 'not an object', good];
    await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    const args = ['--format', 'ndjson', '--tenant', tenant.name, '--json', '--no-wait'];
    const result = await mcpAudit(dataDir, 'import', file, ...args);
    expect(result.code).toBe(1);
    const report = JSON.parse(result.stdout) as { rejected: { line: number; problems: { message: string }[] }[] };
    expect(report).toMatchObject({ linesRead: 4, accepted: 2, linesRejected: 2 });
    const byLine = new Map(report.rejected.map((r) => [r.line, r.problems[0]?.message]));
    expect(byLine.get(2)).toContain('DATA_READ');
    expect(byLine.get(3)).toContain('one JSON object');
  });

  it('shows health, and settings with secrets masked', async () => {
    expect(JSON.parse((await mcpAudit(dataDir, 'health', '--json')).stdout)).toMatchObject({ status: 'ok' });
    expect((await mcpAudit(dataDir, 'config')).stdout).toContain('AUDIT_BATCH_SIZE');
  });
});
