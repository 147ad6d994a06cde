import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcpAudit } from '../support/cli';
import { descendants, signal } from '../support/processes';
import { startSystem, System, TestTenant, waitFor } from '../support/system';

interface Key {
  kind: string;
  tenant: string | null;
  number: number;
  state: string;
  root: string;
  publicKey: string | null;
}
interface KeyList {
  items: Key[];
  rootKeys: string[];
}
interface Rotated {
  number: number | null;
  root: string | null;
}
interface Act {
  outcome: string;
  context: { userId?: string };
  details: Record<string, unknown>;
}

describe('keys of a running system', () => {
  let system: System;
  let tenant: TestTenant;
  beforeAll(async () => {
    system = await startSystem({ AUDIT_LOG_LEVEL: 'error' });
    tenant = await TestTenant.create(system);
    await send('ana');
  });
  afterAll(() => system.stop());

  const send = async (userId: string) => {
    const event = { eventType: 'DATA_READ', description: 'x', context: { userId, userAgent: `browser of ${userId}` } };
    const { status } = await tenant.post('events', event);
    if (status !== 202) throw new Error(`not accepted: ${status}`);
  };
  const revealed = async () => {
    const path = 'events?eventType=DATA_READ&reveal=true&reason=test&order=asc';
    return (await tenant.get<{ items: { context: { userId: string; userAgent: string } }[] }>(path)).items;
  };
  const keys = (kind: string) =>
    tenant.get<KeyList>('keys').then(({ items }) => items.filter((item) => item.kind === kind));
  const rotateAsSystem = (kind: string) =>
    fetch(`${system.url}/audit/api/keys/rotate`, {
      method: 'POST',
      headers: { 'x-api-key': system.adminKey, 'content-type': 'application/json' },
      body: JSON.stringify({ kind }),
    });
  const acts = async (query: string) => {
    const answer = await fetch(`${system.url}/audit/api/events?${query}`, {
      headers: { 'x-api-key': system.adminKey },
    });
    return ((await answer.json()) as { items: Act[] }).items;
  };

  it('are listed without their secrets, for administrators only', async () => {
    expect((await tenant.request('keys', { role: 'officer' })).status).toBe(403);
    const { items, rootKeys } = await tenant.get<KeyList>('keys');
    expect(items.map(({ kind, tenant: of }) => `${kind} ${of}`).sort()).toEqual([
      `lookup ${tenant.name}`,
      'signing null',
      `tenant ${tenant.name}`,
    ]);
    expect(items.every((item) => item.root === rootKeys[0] && item.state === 'active')).toBe(true);
    expect(JSON.stringify(items)).not.toContain('wrapped"');
  });

  it('are rotated by the tenant for itself, and of the system by its administrator only', async () => {
    for (const kind of ['root', 'signing', 'checkpoint']) {
      expect((await tenant.post('keys/rotate', { kind })).status).toBe(403);
    }
    expect((await tenant.post('keys/rotate', { kind: 'lookup' })).status).toBe(400);
    const answer = await tenant.post('keys/rotate', { kind: 'tenant' });
    expect([answer.status, ((await answer.json()) as Rotated).number]).toEqual([200, 2]);
    expect((await keys('tenant')).map((k) => [k.number, k.state])).toEqual([
      [1, 'retired'],
      [2, 'active'],
    ]);
    const told = await waitFor(async () => {
      const { items } = await tenant.get<{ items: Act[] }>('events?eventType=AUDIT_KEY_ROTATED&order=asc');
      return items.length === 2 ? items : undefined;
    });
    expect(told.map((act) => [act.outcome, act.details.phase])).toEqual([
      ['unknown', 'started'],
      ['success', 'completed'],
    ]);
    expect(told[0]?.context.userId).toMatch(/^apikey:/);
  });

  it('are rotated by the command line; events are signed with the new key, and the log of the system tells of it', async () => {
    const rotated = await mcpAudit(system.dataDir, 'keys', 'rotate', 'signing', '--json');
    expect([rotated.code, rotated.stderr]).toEqual([0, '']);
    const { number } = JSON.parse(rotated.stdout) as Rotated;
    await waitFor(async () => {
      await send('bruno');
      const path = 'events?eventType=DATA_READ&limit=1';
      const [newest] = (await tenant.get<{ items: { keyId: number }[] }>(path)).items;
      return newest?.keyId === number ? true : undefined;
    });
    const listed = await mcpAudit(system.dataDir, 'keys', 'list', '--tenant', tenant.name);
    expect(listed.stdout).toMatch(/signing +\(system\) +1 +retired/);
    expect(listed.stdout).toMatch(/signing +\(system\) +2 +active/);
    const births = await waitFor(async () => {
      const found = await acts(`eventType=AUDIT_KEY_CREATED&resourceId=signing::${number}`);
      return found.length > 0 ? found : undefined;
    });
    expect(births).toHaveLength(1);
  });

  it('do not come from "keys init" where they are, which only prints a root key on demand', async () => {
    const refused = await mcpAudit(system.dataDir, 'keys', 'init');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('is there already');
    const printed = await mcpAudit(system.dataDir, 'keys', 'init', '--print');
    expect(Buffer.from(printed.stdout.trim(), 'base64')).toHaveLength(32);
    expect(await readFile(join(system.dataDir, 'root-key'), 'utf8')).not.toContain(printed.stdout.trim());
  });

  it('begin with "keys init" on an empty directory: one root key that only its owner can read', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'mcp-audit-keys-'));
    try {
      const made = await mcpAudit(dataDir, 'keys', 'init');
      expect([made.code, made.stderr]).toEqual([0, '']);
      const file = join(dataDir, 'root-key');
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const text = await readFile(file, 'utf8');
      expect(Buffer.from(text.trim(), 'base64')).toHaveLength(32);
      expect(made.stdout).not.toContain(text.trim());
      expect((await mcpAudit(dataDir, 'keys', 'init')).code).toBe(2);
      expect(await readFile(file, 'utf8')).toBe(text);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('survive that the API is killed in the middle of a rotation of the root key', async () => {
    const file = () => readFile(join(system.dataDir, 'root-key'), 'utf8');
    const before = await file();
    const broken = rotateAsSystem('root').then(
      (answer) => `answered ${answer.status}`,
      () => 'broken off',
    );
    await waitFor(async () => ((await file()).includes('next:') ? true : undefined), { everyMs: 1 });
    expect(signal(apiProcess(), 'SIGKILL')).toBe(true);
    expect(await broken).toBe('broken off');
    expect(await file()).toContain(before.trim());
    await waitFor(async () => (await send('carla').then(() => true)) || undefined);

    const status = await waitFor(
      async () => {
        const answer = await rotateAsSystem('root');
        return answer.status === 503 ? undefined : answer.status;
      },
      { everyMs: 500 },
    );
    expect(status).toBe(200);
    expect(await file()).not.toContain(before.trim());
    expect((await file()).trim().split('\n')).toHaveLength(1);
    await send('dora');
    const names = ['ana', 'carla', 'dora'];
    const seen = await waitFor(async () => {
      const items = (await revealed()).filter(({ context }) => context.userId !== 'bruno');
      return items.length === names.length ? items : undefined;
    });
    expect(seen.map((item) => item.context)).toEqual(
      names.map((userId) => ({ userId, userAgent: `browser of ${userId}` })),
    );
    const { items, rootKeys } = await tenant.get<KeyList>('keys');
    expect(rootKeys).toHaveLength(1);
    expect(new Set(items.map((item) => item.root))).toEqual(new Set(rootKeys));
  });

  it('are opened by the new root key alone after a restart', async () => {
    const { dataDir } = system;
    await system.stop({ remove: false });
    system = await startSystem({ AUDIT_DATA_DIR: dataDir, AUDIT_LOG_LEVEL: 'error' });
    const headers = { 'x-api-key': system.adminKey, 'x-tenant': tenant.name };
    const url = `${system.url}/audit/api/events?eventType=DATA_READ&order=asc&limit=1&reveal=true&reason=test`;
    const { items } = (await (await fetch(url, { headers })).json()) as { items: unknown[] };
    expect(items[0]).toMatchObject({ context: { userId: 'ana', userAgent: 'browser of ana' } });
  });

  /** The child that was told to be the API. */
  const apiProcess = () =>
    descendants(system.process.pid ?? 0).find((pid) =>
      readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes('AUDIT_ROLE=api'),
    );
});
