import { createServer, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { AuditClient, locateSystem, refusal, retryDelay } from './client';

describe('locateSystem', () => {
  let dataDir: string;
  beforeEach(async () => (dataDir = await mkdtemp(join(tmpdir(), 'cli-'))));
  afterEach(() => rm(dataDir, { recursive: true }));
  const runtime = (pid: number) =>
    writeFile(
      join(dataDir, 'runtime.json'),
      JSON.stringify({ url: 'http://127.0.0.1:1', pid, startedAt: '', clickhouseUrl: '', redisUrl: '' }),
    );

  it('takes URL and key from the environment', async () => {
    const env = { url: 'https://audit.example', apiKey: 'k', dataDir };
    expect(await locateSystem(env)).toEqual({ url: 'https://audit.example', apiKey: 'k' });
  });

  it('finds the system and the key of the data directory', async () => {
    await runtime(process.pid);
    await writeFile(join(dataDir, 'admin-api-key'), 'secret\n');
    const found = await locateSystem({ url: undefined, apiKey: undefined, dataDir });
    expect(found).toEqual({ url: 'http://127.0.0.1:1', apiKey: 'secret' });
  });

  it('says how to start when nothing runs, also when a dead process left its file', async () => {
    const env = { url: undefined, apiKey: undefined, dataDir };
    await expect(locateSystem(env)).rejects.toMatchObject({ code: 'NOT_RUNNING' });
    await runtime(2 ** 22 + 1);
    await expect(locateSystem(env)).rejects.toThrow('npm start');
  });

  it('never sends the key of this machine to another one', async () => {
    await writeFile(join(dataDir, 'admin-api-key'), 'secret');
    const env = { url: 'https://audit.example', apiKey: undefined, dataDir };
    await expect(locateSystem(env)).rejects.toMatchObject({ code: 'API_KEY_MISSING' });
  });
});

describe('AuditClient', () => {
  let server: Server;
  let answers: [status: number, body: unknown, headers?: Record<string, string>][];
  let seen: IncomingMessage[];
  let client: AuditClient;

  beforeEach(async () => {
    answers = [];
    seen = [];
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      seen.push(request);
      const [status, body, headers] = answers.shift() ?? [500, {}];
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    client = new AuditClient({ url: `http://127.0.0.1:${port}`, apiKey: 'k' }, 'acme', () => 0);
  });
  afterEach(() => server.close());

  it('sends key and tenant', async () => {
    answers = [[200, { a: 1 }]];
    expect(await client.json('GET', 'x', z.object({ a: z.number() }))).toEqual({ a: 1 });
    expect(seen[0]?.headers).toMatchObject({ authorization: 'Bearer k', 'x-tenant': 'acme' });
    expect(seen[0]?.url).toBe('/audit/api/x');
  });

  it('repeats what may be repeated when the server is busy, after the time it asks for', async () => {
    const waits: number[] = [];
    answers = [
      [503, {}, { 'retry-after': '0' }],
      [429, {}, { 'retry-after': '0' }],
      [200, {}],
    ];
    await client.request('POST', 'x', { repeatable: true, onRetry: (_, wait) => waits.push(wait) });
    expect(waits).toEqual([0, 0]);
  });

  it('never repeats a POST that did not say it may', async () => {
    answers = [[503, { detail: 'full' }, { 'retry-after': '0' }]];
    await expect(client.request('POST', 'x')).rejects.toMatchObject({ status: 503, retryAfter: 0 });
    expect(seen).toHaveLength(1);
  });

  it('gives up when the wait would pass the time allowed', async () => {
    answers = [[503, { detail: 'full' }, { 'retry-after': '60' }]];
    await expect(client.request('GET', 'x', { retryForMs: 1000 })).rejects.toThrow('full');
  });

  it('says that nobody answers', async () => {
    const nobody = new AuditClient({ url: 'http://127.0.0.1:1', apiKey: 'k' }, undefined);
    await expect(nobody.request('GET', 'x', { retryForMs: 0 })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('refusal', () => {
  it('unpacks a problem document with its fields', () => {
    const body = JSON.stringify({ detail: 'no good', code: 'BAD', problems: [{ path: 'a.b', message: 'is missing' }] });
    expect(refusal(422, body, null)).toMatchObject({
      code: 'BAD',
      status: 422,
      message: 'no good (HTTP 422)',
      problems: [{ path: 'a.b', message: 'is missing' }],
    });
  });

  it('shows the start of any other body', () => {
    expect(refusal(502, '<html>Bad gateway', null).message).toBe('<html>Bad gateway (HTTP 502)');
  });
});

describe('retryDelay', () => {
  it('waits at least as long as asked, and doubles up to ten seconds otherwise', () => {
    expect(retryDelay(0, 3, 0)).toBe(3000);
    expect(retryDelay(0, 3, 1)).toBe(3750);
    expect([0, 1, 2, 9].map((n) => retryDelay(n, undefined, 0.5))).toEqual([250, 500, 1000, 10_000]);
  });
});
