import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { descendants } from '../support/processes';
import { startSystem, System, TestTenant, waitFor } from '../support/system';

const run = promisify(execFile);

interface PackageFile {
  scripts: { start: string };
}

/** Process ids whose command line names the data directory: the engines and their guards. */
async function processesOn(dataDir: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,args=']);
  return stdout
    .split('\n')
    .filter((line) => line.includes(dataDir) && !line.includes('ps -eo'))
    .map((line) => Number.parseInt(line, 10));
}

/** What `npm start` runs at last, here a program that waits to be told to end. */
const WAITS = `
process.once('SIGTERM', () => { console.log('told to end'); process.exit(0); });
setInterval(() => undefined, 1000);
console.log('runs');`;

it('hands on to the system what ends npm start', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'mcp-audit-start-'));
  const { scripts } = JSON.parse(await readFile(join(__dirname, '../../package.json'), 'utf8')) as PackageFile;
  // Setting up and building would get in the way of the other tests.
  const start = scripts.start.split('&&').at(-1);
  await writeFile(join(dir, 'package.json'), JSON.stringify({ scripts: { start: `true && ${start}` } }));
  await mkdir(join(dir, 'dist'));
  await writeFile(join(dir, 'dist/main.js'), WAITS);
  const npm = spawn('npm', ['start'], { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  npm.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const says = (words: string) => waitFor(() => Promise.resolve(said.includes(words) || undefined));
  await says('runs');
  const started = descendants(npm.pid ?? NaN);
  try {
    npm.kill('SIGTERM');
    await says('told to end');
  } finally {
    for (const pid of started.filter((each) => existsSync(`/proc/${each}`))) process.kill(pid, 'SIGKILL');
    await rm(dir, { recursive: true });
  }
});

/** ClickHouse's codes for "not allowed" and "not while read-only". */
const DENIED = /^Code: (497|164)\./;

describe('starting the whole system', () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(async () => {
    await system.stop();
  });

  it('writes the admin key and the secrets so that only their owner can read them', async () => {
    for (const file of ['admin-api-key', 'secrets.json', 'runtime.json']) {
      expect((await stat(join(system.dataDir, file))).mode & 0o777).toBe(0o600);
    }
    expect(system.adminKey).toMatch(/^mak_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/);
  });

  it('reports each dependency as up', async () => {
    const answer = await fetch(`${system.url}/audit/api/health`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'ok',
      dependencies: { redis: { status: 'up' }, clickhouse: { status: 'up' }, worker: { status: 'up' } },
    });
  });

  it('runs Redis so that an acknowledged event is on disk', async () => {
    const config = await readFile(join(system.dataDir, 'redis/redis.conf'), 'utf8');
    for (const line of ['appendonly yes', 'appendfsync always', 'maxmemory-policy noeviction', 'bind 127.0.0.1']) {
      expect(config.split('\n')).toContain(line);
    }
  });

  it('lets Grafana read the audit database and nothing else, and change nothing', async () => {
    const runtime = await readRuntime(system.dataDir);
    const { origin } = new URL(runtime?.clickhouseUrl ?? '');
    const ask = (query: string) =>
      fetch(`${origin}/?database=audit`, {
        method: 'POST',
        headers: { 'X-ClickHouse-User': 'audit_grafana', 'X-ClickHouse-Key': runtime?.grafanaPassword ?? '' },
        body: query,
      });
    expect((await ask('SELECT count() FROM events')).status).toBe(200);
    for (const query of [
      'SELECT * FROM api_keys',
      'INSERT INTO events (tenant) VALUES (1)',
      'DROP TABLE events',
      "SELECT * FROM file('/etc/passwd', LineAsString)",
    ]) {
      expect([query, await (await ask(query)).text()]).toEqual([query, expect.stringMatching(DENIED)]);
    }
  });

  it('gives the engine its own passwordless user no data', async () => {
    const runtime = await readRuntime(system.dataDir);
    const { origin } = new URL(runtime?.clickhouseUrl ?? '');
    const answer = await fetch(`${origin}/`, { method: 'POST', body: 'SELECT count() FROM audit.events' });
    expect(await answer.text()).toMatch(DENIED);
  });

  it('refuses a second start on the same data directory', async () => {
    await expect(startSystem({ AUDIT_DATA_DIR: system.dataDir })).rejects.toThrow(/already runs on/);
  });

  it('starts an engine again that was killed', async () => {
    const guard = `${system.dataDir}/redis/alive`;
    const { stdout } = await run('pgrep', ['-f', `redis-server .*|${guard}`]);
    expect(stdout).not.toBe('');
    const before = await processesOn(`${system.dataDir}/clickhouse/store`);
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await waitFor(
      async () => {
        const health = (await (await fetch(`${system.url}/audit/api/health`)).json()) as { status: string };
        const now = await processesOn(`${system.dataDir}/clickhouse/store`);
        return health.status === 'ok' && now.length > 0 && !now.some((pid) => before.includes(pid)) ? true : undefined;
      },
      { what: () => 'ClickHouse to come back' },
    );
  });

  it('ends everything when it is killed with -9, and finds everything as it was when started again', async () => {
    const tenant = await TestTenant.create(system);
    const key = await tenant.key('viewer');
    const { dataDir, adminKey } = system;
    const children = descendants(system.process.pid ?? 0);
    expect(children.length).toBeGreaterThan(4);
    await system.stop({ signal: 'SIGKILL', remove: false });
    await waitFor(() => Promise.resolve(children.some((pid) => existsSync(`/proc/${pid}`)) ? undefined : true), {
      what: () => 'all children to end',
    });
    system = await startSystem({ AUDIT_DATA_DIR: dataDir });
    expect(system.adminKey).toBe(adminKey);
    const answer = await fetch(`${system.url}/audit/api/events`, { headers: { 'x-api-key': key } });
    expect(answer.status).toBe(200);
  });
});
