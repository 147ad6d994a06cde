import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mcpAudit } from '../support/cli';
import { MailServer, startMailServer } from '../support/mail-server';
import { ROOT, startSystem, System, TestTenant, waitFor } from '../support/system';

interface Line {
  tenant: string;
  size: number;
  note: string;
}

let dir: string;
let file: string;
let mail: MailServer;
let webhook: Server;
let system: System;
let tenant: TestTenant;
const posts: { lines: Line[]; type: string; login: string; taken: boolean }[] = [];
let refusing = true;

const linesOf = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const kept = async (): Promise<Line[]> => linesOf(await readFile(file, 'utf8'));
const health = async () => (await (await fetch(`${system.url}/audit/api/health`)).json()) as { warnings: string[] };
const metrics = async () => {
  const answer = await fetch(`${system.url}/metrics`, { headers: { 'x-api-key': system.adminKey } });
  return answer.text();
};

async function append(count: number, size: number): Promise<void> {
  const event = { eventType: 'DATA_READ', description: 'read' };
  expect((await tenant.post('events', Array(count).fill(event))).status).toBe(202);
  await waitFor(async () => ((await tenant.get<{ size: number }>('ledger')).size >= size ? true : undefined), {
    what: () => `${size} events to be sealed`,
  });
}

const env = () => ({
  AUDIT_WITNESS_FILE: file,
  AUDIT_WITNESS_URL: `http://me:p%20w@127.0.0.1:${(webhook.address() as AddressInfo).port}/checkpoints`,
  AUDIT_WITNESS_MAIL: 'auditor@example.org,board@example.org',
  AUDIT_CHECKPOINT_INTERVAL: '0.1',
  ...mail.env,
});

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mcp-audit-witnesses-'));
  file = join(dir, 'checkpoints.ndjson');
  mail = await startMailServer();
  webhook = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { 'content-type': type = '', authorization: login = '' } = request.headers;
      posts.push({ lines: linesOf(body), type, login, taken: !refusing });
      response.writeHead(refusing ? 503 : 200).end();
    });
  });
  await new Promise<void>((listening) => webhook.listen(0, '127.0.0.1', listening));
  system = await startSystem(env());
  tenant = await TestTenant.create(system);
});
afterAll(async () => {
  await system.stop();
  await mail.close();
  webhook.closeAllConnections();
  await new Promise((closed) => webhook.close(closed));
  await rm(dir, { recursive: true, force: true });
});

describe('witnesses of checkpoints', () => {
  it('do not keep each other or the sealer waiting, and one that fails is seen', async () => {
    await append(5, 5);
    await append(5, 10);
    await waitFor(async () => ((await kept()).some((line) => line.size >= 10) ? true : undefined));
    expect(posts.some((post) => post.taken)).toBe(false);
    const warning = await waitFor(async () => (await health()).warnings.find((text) => text.includes('webhook')));
    expect(warning).toMatch(/the witness webhook has taken no checkpoints since 20/);
    const text = await waitFor(async () => {
      const all = await metrics();
      return /audit_witness_failing\{[^}]*webhook[^}]*\} 1/.test(all) ? all : undefined;
    });
    expect(text).toMatch(/audit_witness_failing\{[^}]*file[^}]*\} 0/);
    expect(system.output()).toContain('the witness webhook did not take a checkpoint: it answered 503');
  });

  it('get the newest when they are back, with the login of the URL', async () => {
    refusing = false;
    const post = await waitFor(() => Promise.resolve(posts.find((p) => p.taken)));
    expect(post.type).toBe('application/x-ndjson');
    expect(post.login).toBe(`Basic ${Buffer.from('me:p w').toString('base64')}`);
    expect(post.lines.find((line) => line.tenant === tenant.name)?.size).toBeGreaterThanOrEqual(10);
    await waitFor(async () => ((await health()).warnings.some((t) => t.includes('webhook')) ? undefined : true));
  });

  it('keep in the file what verifies an export later', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const own = (await kept()).filter((line) => line.tenant === tenant.name);
    expect(own.map((line) => line.size)).toEqual([...own.map((line) => line.size)].sort((a, b) => a - b));
    const { items } = await tenant.get<{ items: { key: string }[] }>('ledger/keys');
    const export_ = join(dir, 'export.ndjson');
    const read = async () => {
      const answer = await tenant.request('events/export?proofs=true');
      await writeFile(export_, await answer.text());
      const args = [join(ROOT, 'dist/ledger/verify-offline.cjs'), export_, '--json', '--key', items[0]?.key ?? ''];
      return new Promise<{ passed: string[] }>((done) =>
        execFile(process.execPath, [...args, '--checkpoint', file], (_, out) =>
          done(JSON.parse(out) as { passed: string[] }),
        ),
      );
    };
    // The export itself is recorded, so the ledger grows; the file has that checkpoint a moment later.
    await waitFor(async () =>
      (await read()).passed.join().includes('you kept is of the same tree') ? true : undefined,
    );
  });

  it('keep in the file what mcp-audit verify holds the log against', async () => {
    const result = await mcpAudit(system.dataDir, 'verify', '--tenant', tenant.name, '--checkpoint', file);
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('sound') as string });
  });

  it('send one mail a day, with all checkpoints, also when the system is started again', async () => {
    const [sent] = await waitFor(() => Promise.resolve(mail.mails.length > 0 ? mail.mails : undefined));
    expect(sent?.to).toEqual(['auditor@example.org', 'board@example.org']);
    expect(sent?.subject).toMatch(/^Checkpoints of the audit ledgers, 20\d\d-/);
    expect(sent?.raw).toMatch(/filename=checkpoints-20\d\d-\d\d-\d\d\.ndjson/);
    const { dataDir } = system;
    await system.stop({ remove: false });
    const before = (await kept()).length;
    system = await startSystem({ ...env(), AUDIT_DATA_DIR: dataDir });
    tenant = await TestTenant.create(system);
    await append(1, 1);
    await waitFor(async () => ((await kept()).length > before ? true : undefined));
    expect(mail.mails).toHaveLength(1);
  });
});
