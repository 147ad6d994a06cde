import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { AppError } from '../common/app-error';
import { ChildSpec, until } from '../supervisor/child';
import { guarded } from '../supervisor/guard';
import { grafanaTenantMacro, hashed, usersConfig, userXml } from './users';

export interface ClickHouseUsers {
  application: string;
  grafana: string;
}

export interface EngineOptions {
  /** Of its own log, which at `trace` holds every query. */
  logLevel?: 'warning' | 'trace';
  /** The one tenant that Grafana's user sees; default: all. */
  grafanaTenant?: string | undefined;
}

const LOOPBACK = '<ip>127.0.0.1</ip><ip>::1</ip>';

/** Plain JavaScript, copied to dist by the build: it must run without one in tests. */
const ENGINE_SCRIPT = join(__dirname, 'engine.cjs');

/** Where an embedded ClickHouse serves. */
export interface ClickHousePorts {
  http: number;
  tcp: number;
}

/** URL for the application, with its user and password. */
export function embeddedClickHouseUrl(ports: ClickHousePorts, passwords: ClickHouseUsers): string {
  return `http://audit_app:${passwords.application}@127.0.0.1:${ports.http}`;
}

/**
 * Writes the configuration of an embedded ClickHouse into `<dataDir>/clickhouse` and says how to start it.
 * @param database the application's rights end at databases whose names start with this
 */
export async function embeddedClickHouse(
  dataDir: string,
  database: string,
  ports: ClickHousePorts,
  passwords: ClickHouseUsers,
  options: EngineOptions = {},
): Promise<ChildSpec> {
  const { logLevel = 'warning' } = options;
  assertEngineInstalled();
  const base = resolve(dataDir, 'clickhouse');
  await mkdir(join(base, 'store'), { recursive: true, mode: 0o700 });
  const configFile = join(base, 'config.xml');
  await writeFile(configFile, serverConfig(base, logLevel, options.grafanaTenant ?? ''), { mode: 0o600 });
  await writeFile(join(base, 'users.xml'), embeddedUsers(database, passwords), {
    mode: 0o600,
  });
  const ping = `http://127.0.0.1:${ports.http}/ping`;
  return {
    name: 'clickhouse',
    ...guarded(join(base, 'alive'), 'none', [
      process.execPath,
      ENGINE_SCRIPT,
      join(base, 'store'),
      configFile,
      String(ports.http),
      String(ports.tcp),
    ]),
    options: { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
    ready: () =>
      until(async () => {
        const answer = await fetch(ping, { signal: AbortSignal.timeout(1000) });
        if (!answer.ok) throw new Error(`ClickHouse answered ${answer.status}`);
      }, 60_000),
    stop: 'stdin',
    graceMs: 30_000,
  };
}

function assertEngineInstalled(): void {
  try {
    const { libchdbPath } = createRequire(__filename)('chdb/libchdb') as { libchdbPath: () => string };
    if (existsSync(libchdbPath())) return;
  } catch (cause) {
    throw new AppError(
      'ENGINE_MISSING',
      500,
      `the embedded ClickHouse is not installed for ${process.platform}-${process.arch}: run "npm ci --include=optional", ` +
        'or set AUDIT_CLICKHOUSE_URL to a server of yours',
      { cause },
    );
  }
  throw new AppError(
    'ENGINE_MISSING',
    500,
    'the library of the embedded ClickHouse is missing: run "npm ci --include=optional"',
  );
}

/**
 * The general log is left out: whatever its level, the engine writes traces of some queries there, with the ids that people
 * searched for. With the two threads that it schedules by as a local tool, it warns without end that it pauses tasks.
 * At `trace` it is there, and holds every query: such as servers of production write it.
 * What was merged stays for a minute: merges are not synced, and the kernel may keep what was written for half of that. As a local tool the
 * engine would keep it for no time, a server for eight minutes.
 */
const serverConfig = (base: string, logLevel: string, tenant: string): string => `<clickhouse>
  <logger>
    <level>${logLevel}</level>
    ${logLevel === 'trace' ? `<log>${base}/server.log</log>` : ''}
    <errorlog>${base}/server.err.log</errorlog>
    <size>20M</size>
    <count>3</count>
  </logger>
  <users_config>${base}/users.xml</users_config>
  <background_schedule_pool_size>16</background_schedule_pool_size>
  <mark_cache_size>268435456</mark_cache_size>
  <merge_tree><old_parts_lifetime>60</old_parts_lifetime></merge_tree>
  ${grafanaTenantMacro({ text: tenant })}
  <backups><allowed_path>${base}/backups/</allowed_path></backups>
</clickhouse>
`;

/** The engine itself logs in as `default` from loopback without a password, so that user may do nothing but start listening. */
const embeddedUsers = (database: string, passwords: ClickHouseUsers): string =>
  usersConfig(database, {
    application: hashed(passwords.application),
    grafana: hashed(passwords.grafana),
    networks: LOOPBACK,
    others: `
    ${userXml('default', '<password></password>', LOOPBACK, 'default', [
      'GRANT SYSTEM LISTEN ON *.*',
      'GRANT FILE ON *.*',
      'GRANT CREATE TEMPORARY TABLE ON *.*',
    ])}`,
  });
