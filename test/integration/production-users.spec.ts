import { ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/supervisor/free-port';
import { ROOT, waitFor } from '../support/system';

/** What the engine needs as a local tool, and a server has not. */
const ITS_OWN_USER =
  '<default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile></default>';

describe('the users of deploy/clickhouse, with the secrets of make-secrets.sh', () => {
  let directory: string;
  let engine: ChildProcess;
  let origin: string;
  const secret = async (name: string) => (await readFile(join(directory, 'secrets', name), 'utf8')).trim();
  const ask = async (user: string, password: string, sql: string) => {
    const answer = await fetch(`${origin}/`, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password },
      body: sql,
    });
    return (await answer.text()).trim();
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mcp-audit-users-'));
    execFileSync('bash', [join(ROOT, 'deploy/make-secrets.sh'), join(directory, 'secrets')]);
    const users = await readFile(join(ROOT, 'deploy/clickhouse/users.xml'), 'utf8');
    await writeFile(
      join(directory, 'users.xml'),
      users.replace('<users>', `<users>${ITS_OWN_USER}`).replace('/run/secrets', join(directory, 'secrets')),
    );
    const server = await readFile(join(ROOT, 'deploy/clickhouse/config.xml'), 'utf8');
    const config = server
      .replace(/<listen_host>.*<\/listen_host>|<logger>[\s\S]*<\/logger>|<\w+ remove="1" *\/>/g, '')
      .replace('</clickhouse>', `<users_config>${directory}/users.xml</users_config></clickhouse>`);
    await writeFile(join(directory, 'config.xml'), config);
    const [http, tcp] = [await freePort(), await freePort()];
    origin = `http://127.0.0.1:${http}`;
    const script = join(ROOT, 'src/clickhouse/engine.cjs');
    // The engine reads its standard input to the end, and cannot if that is a socket, such as Node makes it.
    engine = spawn(
      'sh',
      [
        '-c',
        'cat | "$@"',
        'sh',
        process.execPath,
        script,
        join(directory, 'store'),
        join(directory, 'config.xml'),
        `${http}`,
        `${tcp}`,
      ],
      { stdio: ['pipe', 'ignore', 'ignore'], env: { ...process.env, AUDIT_GRAFANA_TENANT: 'acme' } },
    );
    await waitFor(async () => ((await fetch(`${origin}/ping`)).ok ? true : undefined), { what: () => 'the engine' });
  });
  afterAll(async () => {
    engine.stdin?.end();
    await waitFor(() => Promise.resolve(engine.exitCode ?? undefined), { what: () => 'the engine to end' });
    await rm(directory, { recursive: true, force: true });
  });

  it('let the application make its database, and Grafana read its part of it, of the tenant in the environment', async () => {
    const application = new URL(await secret('clickhouse_url')).password;
    const grafana = await secret('grafana_clickhouse_password');
    const rows =
      "SELECT tenant, size, now() AS signed_at FROM VALUES('tenant String, size UInt64', ('acme', 3), ('other', 5))";
    for (const sql of [
      'CREATE DATABASE audit',
      `CREATE TABLE audit.checkpoints ENGINE = MergeTree ORDER BY tenant AS ${rows}`,
      'CREATE TABLE audit.api_keys (hash String) ENGINE = MergeTree ORDER BY hash',
    ]) {
      expect([sql, await ask('audit_app', application, sql)]).toEqual([sql, '']);
    }
    expect(await ask('audit_app', application, 'SELECT sum(size) FROM audit.checkpoints')).toBe('8');
    expect(await ask('audit_grafana', grafana, 'SELECT tenant, size FROM audit.checkpoints')).toBe('acme\t3');
    expect(await ask('audit_grafana', grafana, 'SELECT hash FROM audit.api_keys')).toContain('ACCESS_DENIED');
    expect(await ask('audit_grafana', application, 'SELECT 1')).toContain('AUTHENTICATION_FAILED');
    expect(await ask('audit_app', grafana, 'SELECT 1')).toContain('AUTHENTICATION_FAILED');
  });
});
