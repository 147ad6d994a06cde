import { ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Role } from '../../src/access/permissions';
import { readRuntime } from '../../src/supervisor/runtime-file';
import { testDataDir } from './engines';

export const ROOT = resolve(__dirname, '../..');

/** A whole system, the built product, in a data directory of its own. */
export interface System {
  url: string;
  adminKey: string;
  dataDir: string;
  process: ChildProcess;
  /** What it has written to its standard output and error so far. */
  output: () => string;
  /** Ends it; with `remove` its data directory too. */
  stop: (options?: { remove?: boolean; signal?: NodeJS.Signals }) => Promise<void>;
}

/** Starts `dist/main.js` as a stranger would, on free ports; `env` comes on top. Waits until it serves. */
export async function startSystem(env: Record<string, string> = {}): Promise<System> {
  const dataDir = env.AUDIT_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'mcp-audit-system-')));
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AUDIT_')));
  const child = spawn(process.execPath, [join(ROOT, 'dist/main.js')], {
    cwd: ROOT,
    env: {
      ...inherited,
      AUDIT_PORT: '0',
      AUDIT_LOG_LEVEL: 'warn',
      AUDIT_FLUSH_INTERVAL: '0.1',
      ...env,
      AUDIT_DATA_DIR: dataDir,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const found = await waitFor(
    async () => {
      if (child.exitCode !== null) throw new Fatal(`the system ended with ${child.exitCode}:\n${output}`);
      const runtime = await readRuntime(dataDir);
      return runtime?.pid === child.pid ? runtime : undefined;
    },
    { what: () => `the system to serve:\n${output}` },
  );
  return {
    url: found.url,
    adminKey: (await readFile(join(dataDir, 'admin-api-key'), 'utf8')).trim(),
    dataDir,
    process: child,
    output: () => output,
    stop: async ({ remove = true, signal = 'SIGTERM' } = {}) => {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = new Promise((done) => child.once('exit', done));
        child.kill(signal);
        await exited;
      }
      if (remove) {
        await tellCrashes(dataDir);
        await rm(dataDir, { recursive: true, force: true });
      }
    },
  };
}

/** Why the embedded ClickHouse broke down, if it did: its supervisor starts it again, and its log goes with the directory. */
async function tellCrashes(dataDir: string): Promise<void> {
  const log = await readFile(join(dataDir, 'clickhouse/server.err.log'), 'utf8').catch(ifMissing);
  const fatal = log.split('\n').filter((line) => line.includes('<Fatal>'));
  if (fatal.length > 0) process.stderr.write(`ClickHouse broke down during the tests:\n${fatal.join('\n')}\n`);
}

function ifMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

/** The system that the global set-up started for this run. */
export async function runningSystem(): Promise<{ url: string; adminKey: string; dataDir: string }> {
  const dataDir = testDataDir();
  const runtime = await readRuntime(dataDir);
  if (!runtime) throw new Error('the system of this test run is not running');
  return { url: runtime.url, adminKey: (await readFile(join(dataDir, 'admin-api-key'), 'utf8')).trim(), dataDir };
}

/** A client of a fresh tenant with keys for each role, so that tests do not see each other. */
export class TestTenant {
  private constructor(
    readonly url: string,
    readonly name: string,
    private readonly adminKey: string,
    private readonly keys: Map<Role, string>,
  ) {}

  static async create(system?: { url: string; adminKey: string }): Promise<TestTenant> {
    const { url, adminKey } = system ?? (await runningSystem());
    return new TestTenant(url, `t${randomBytes(6).toString('hex')}`, adminKey, new Map());
  }

  /** An API key of this tenant with one role, made on first use. */
  async key(role: Role): Promise<string> {
    const known = this.keys.get(role);
    if (known) return known;
    const answer = await fetch(`${this.url}/audit/api/api-keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: `test ${role}`, roles: [role], tenant: this.name }),
    });
    if (answer.status !== 201) throw new Error(`API key was not made: ${answer.status} ${await answer.text()}`);
    const { key } = (await answer.json()) as { key: string };
    this.keys.set(role, key);
    return key;
  }

  /** A request below /audit/api with the key of `role` (default: admin). */
  async request(path: string, init: RequestInit & { role?: Role } = {}): Promise<Response> {
    const { role = 'admin', headers, ...rest } = init;
    return fetch(`${this.url}/audit/api/${path}`, {
      ...rest,
      headers: { authorization: `Bearer ${await this.key(role)}`, ...(headers as Record<string, string>) },
    });
  }

  async get<T>(path: string, role: Role = 'admin'): Promise<T> {
    const answer = await this.request(path, { role });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async post(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    role: Role = 'admin',
  ): Promise<Response> {
    return this.request(path, {
      role,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Waits until exactly `count` events match `filters` (a query string). The system's own acts count as well. */
  async waitForCount(count: number, filters = ''): Promise<void> {
    let seen = -1;
    await waitFor(
      async () => {
        const { total } = await this.get<{ total: number }>(`events/count?${filters}`);
        seen = total;
        return total === count ? true : undefined;
      },
      { what: () => `${count} events matching "${filters}", seen ${seen}` },
    );
  }
}

class Fatal extends Error {}

/**
 * Polls until `probe` gives something; a thrown Fatal ends it at once, other errors count as not yet. The bound is for what
 * hangs, not for what is slow: a machine that does other work as well may take many times what a quiet one does.
 */
export async function waitFor<T>(
  probe: () => Promise<T | undefined>,
  options: { timeoutMs?: number; everyMs?: number; what?: () => string } = {},
): Promise<T> {
  const { timeoutMs = 120_000, everyMs = 50, what = () => 'a condition' } = options;
  const deadline = Date.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      if (error instanceof Fatal) throw error;
      failure = error;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `waited ${timeoutMs} ms for ${what()}${failure instanceof Error ? `; last failure: ${failure.message}` : ''}`,
      );
    }
    await new Promise((done) => setTimeout(done, everyMs));
  }
}
