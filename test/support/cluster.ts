import type { ChildProcess, StdioOptions } from 'node:child_process';
import { appendFileSync, openSync } from 'node:fs';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, ClickHouseClient, ClickHouseLogLevel } from '@clickhouse/client';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { embeddedClickHouse, embeddedClickHouseUrl } from '../../src/clickhouse/embedded-clickhouse';
import { Config, parseConfig } from '../../src/config/config';
import { embeddedRedis, embeddedRedisUrl } from '../../src/redis/embedded-redis';
import { RedisKeys } from '../../src/redis/redis-keys';
import { adminKeyFile } from '../../src/supervisor/admin-key';
import { ChildSpec, SupervisedChild, until } from '../../src/supervisor/child';
import { freePort } from '../../src/supervisor/free-port';
import { engineSecrets } from '../../src/supervisor/secrets';
import { prepareStores } from '../../src/supervisor/start-all';
import { findProcess } from './processes';
import { TcpProxy } from './tcp-proxy';

export type PartKind = 'api' | 'worker' | 'redis' | 'clickhouse';

/** One process of the system that can be hit alone. */
export interface Part {
  name: string;
  kind: PartKind;
  /** The process that does the work (an engine, not the shell that guards it), or undefined while there is none. */
  pid: () => number | undefined;
  child: SupervisedChild;
}

export interface ClusterOptions {
  dataDir: string;
  apis: number;
  workers: number;
  /** Put TCP proxies between the parts; without, they talk directly. */
  proxied: boolean;
  env?: Record<string, string>;
  /** Arguments of `node` for a worker; default: the built product. */
  workerArgs?: string[];
  /** Arguments of `node` before the script of an API or a worker. */
  nodeArgs?: string[];
  /** Lines added to the configuration of Redis. */
  redisConf?: string[];
}

const MAIN = join(__dirname, '../../dist/main.js');
const READY_MS = 90_000;
const GRACE_MS = 60_000;

/**
 * The real system as single processes: embedded engines, N APIs and M workers, each started again when it dies, as the
 * supervisor does it, but so that each can be killed, stopped and cut off alone.
 */
export class Cluster {
  readonly parts: Part[] = [];
  /** The proxies by what they join, such as `worker-clickhouse`; empty without `proxied`. */
  readonly links = new Map<string, TcpProxy>();
  /** Where clients send to: through the proxies if there are any. */
  readonly apiUrls: string[] = [];
  adminKey = '';

  private constructor(
    readonly options: ClusterOptions,
    /** Of someone who talks to the engines directly, past the proxies. */
    readonly config: Config,
    readonly keys: RedisKeys,
  ) {}

  /** Starts everything and waits until it serves. Processes log to `<dataDir>/logs`. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const { dataDir, env = {} } = options;
    await mkdir(join(dataDir, 'logs'), { recursive: true });
    logTo(join(dataDir, 'logs/supervisor.log'));
    const secrets = await engineSecrets(dataDir);
    const passwords = { application: secrets.clickhouseApplication, grafana: secrets.clickhouseGrafana };
    const ports = { http: await freePort(), tcp: await freePort() };
    const redisPort = await freePort();
    const common = { AUDIT_DATA_DIR: dataDir, AUDIT_LOG_LEVEL: 'info', ...env };
    const clickhouseUrl = (http: number) => embeddedClickHouseUrl({ http, tcp: 0 }, passwords);
    const redisUrl = (port: number) => embeddedRedisUrl(port, secrets.redis);
    const config = parseConfig({
      ...common,
      AUDIT_CLICKHOUSE_URL: clickhouseUrl(ports.http),
      AUDIT_REDIS_URL: redisUrl(redisPort),
    });
    const cluster = new Cluster(options, config, new RedisKeys(config.redis.prefix));
    const memory = Math.round(config.ingest.bufferMaxBytes * 1.5) + 256 * 1024 * 1024;
    const redis = await embeddedRedis(dataDir, redisPort, secrets.redis, memory);
    await appendFile(join(dataDir, 'redis/redis.conf'), [...(options.redisConf ?? []), ''].join('\n'));
    await Promise.all([
      cluster.run('redis', redis, 'redis-server'),
      cluster.run(
        'clickhouse',
        await embeddedClickHouse(dataDir, config.clickhouse.database, ports, passwords, {
          grafanaTenant: config.clickhouse.grafanaTenant,
        }),
        'engine.cjs',
      ),
    ]);
    await prepareStores(config, true);
    cluster.adminKey = (await readFile(adminKeyFile(dataDir), 'utf8')).trim();
    const environment = async (role: 'api' | 'worker') => ({
      ...inherited(),
      ...common,
      AUDIT_ROLE: role,
      AUDIT_REDIS_URL: redisUrl(await cluster.link(`${role}-redis`, redisPort)),
      AUDIT_CLICKHOUSE_URL: clickhouseUrl(await cluster.link(`${role}-clickhouse`, ports.http)),
    });
    const starting: Promise<void>[] = [];
    for (let n = 1; n <= options.workers; n++) {
      starting.push(
        cluster.process(
          'worker',
          n,
          [...(options.nodeArgs ?? []), ...(options.workerArgs ?? [MAIN])],
          await environment('worker'),
        ),
      );
    }
    for (let n = 1; n <= options.apis; n++) {
      const port = await freePort();
      starting.push(
        cluster.process('api', n, [...(options.nodeArgs ?? []), MAIN], {
          ...(await environment('api')),
          AUDIT_PORT: String(port),
        }),
      );
      cluster.apiUrls.push(`http://127.0.0.1:${await cluster.link(`client-api-${n}`, port)}`);
    }
    await Promise.all(starting);
    return cluster;
  }

  of(kind: PartKind): Part[] {
    return this.parts.filter((part) => part.kind === kind);
  }

  /** A client of the store that goes past the proxies. The caller closes it. */
  clickhouse(database = this.config.clickhouse.database): ClickHouseClient {
    return createClient({
      url: this.config.clickhouse.url,
      database,
      request_timeout: 300_000,
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: { async_insert: 0 },
    });
  }

  /** A connection to the buffer that goes past the proxies. The caller closes it. */
  redis(): Redis {
    const redis = new Redis(this.config.redis.url ?? '', { maxRetriesPerRequest: null });
    redis.on('error', () => {
      // It is killed on purpose; ioredis connects again.
    });
    return redis;
  }

  /** Waits until every part answers. */
  async healthy(timeoutMs = READY_MS): Promise<void> {
    for (const url of this.apiUrls) {
      await until(async () => {
        const answer = await fetch(`${url}/audit/api/health`, { signal: AbortSignal.timeout(5000) });
        const health = (await answer.json()) as { status: string };
        if (health.status !== 'ok') throw new Error(`${url} says ${JSON.stringify(health)}`);
      }, timeoutMs);
    }
  }

  /** Ends everything: APIs, then workers, then engines. */
  async stop(): Promise<void> {
    for (const kind of ['api', 'worker', 'clickhouse', 'redis'] as const) {
      await Promise.all(this.of(kind).map((part) => part.child.stop()));
    }
    for (const proxy of this.links.values()) await proxy.close();
  }

  private async link(name: string, target: number): Promise<number> {
    if (!this.options.proxied) return target;
    const known = this.links.get(name);
    if (known) return known.port;
    const proxy = await TcpProxy.start(target);
    this.links.set(name, proxy);
    return proxy.port;
  }

  private async process(
    kind: 'api' | 'worker',
    n: number,
    args: string[],
    env: Record<string, string | undefined>,
  ): Promise<void> {
    const name = `${kind}-${n}`;
    const log = openSync(join(this.options.dataDir, `logs/${name}.log`), 'a');
    const stdio: StdioOptions = ['ignore', log, log, 'ipc'];
    await this.run(kind, {
      name,
      command: process.execPath,
      args,
      // In a session of its own, as under the supervisor: Linux shares the processors out by session.
      options: { stdio, env, detached: true },
      ready: firstMessage,
      stop: 'SIGTERM',
      graceMs: GRACE_MS,
    });
  }

  private async run(kind: PartKind, spec: ChildSpec, needle?: string): Promise<void> {
    // Always at once: with the usual growing pauses the system would mostly be down.
    const child = new SupervisedChild(spec, undefined, [100]);
    const pid = () => (needle === undefined ? child.pid : findProcess(child.pid, needle));
    this.parts.push({ name: spec.name, kind, pid, child });
    await child.start();
  }
}

function firstMessage(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`did not serve within ${READY_MS} ms`)), READY_MS);
    child.once('message', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const inherited = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AUDIT_')));

/** What the supervising code says goes to a file: the terminal is for results. */
function logTo(file: string): void {
  const write = (message: unknown, context?: unknown) =>
    appendFileSync(file, `${new Date().toISOString()} ${String(context)}: ${String(message)}\n`);
  Logger.overrideLogger({ log: write, warn: write, error: write, debug: () => {} });
}
