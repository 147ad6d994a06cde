import { ChildProcess, StdioOptions } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { embeddedClickHouse, embeddedClickHouseUrl } from '../clickhouse/embedded-clickhouse';
import { AppError } from '../common/app-error';
import { Config } from '../config/config';
import { embeddedRedis, embeddedRedisUrl } from '../redis/embedded-redis';
import { ChildSpec, SupervisedChild } from './child';
import { freePort } from './free-port';
import { readRuntime, removeRuntime, writeRuntime } from './runtime-file';
import { engineSecrets } from './secrets';

/** What a child says over the IPC channel when it serves. */
export interface ReadyMessage {
  ready: true;
  url?: string;
}

const CHILD_READY_MS = 60_000;
const DRAIN_MS = 60_000;

/** MiB. Events live for some ms: with the default of 16 many outlive a collection, and moving them cost a tenth of the CPU. */
export const YOUNG_GENERATION = '--max-semi-space-size=64';

/**
 * The parent of everything on one machine (`AUDIT_ROLE=all`): engines first, then what `prepare` does to them
 * (migrations, first key), then workers and API. Ends them in the opposite order.
 */
export class Supervisor {
  private readonly children: SupervisedChild[] = [];
  private url = '';
  private stopped: Promise<void> | undefined;

  /**
   * @param environment of the children; the addresses of the engines and the role are added
   * @param entry the script of a child
   */
  constructor(
    private readonly config: Config,
    private readonly environment: Record<string, string | undefined>,
    private readonly entry: string,
    private readonly prepare: (config: Config) => Promise<void>,
  ) {}

  /** Starts everything; returns the URL of the API once it serves. */
  async start(): Promise<string> {
    const running = await readRuntime(this.config.dataDir);
    if (running && running.pid !== process.pid) {
      throw new AppError(
        'ALREADY_RUNNING',
        500,
        `a system already runs on ${this.config.dataDir}: ${running.url} (pid ${running.pid}); stop it or set AUDIT_DATA_DIR`,
      );
    }
    await mkdir(this.config.dataDir, { recursive: true, mode: 0o700 });
    try {
      const { clickhouseUrl, redisUrl, grafanaPassword } = await this.startEngines();
      const config: Config = {
        ...this.config,
        clickhouse: { ...this.config.clickhouse, url: clickhouseUrl },
        redis: { ...this.config.redis, url: redisUrl },
      };
      await this.prepare(config);
      await this.run(this.processSpec('worker', clickhouseUrl, redisUrl));
      await this.run(this.processSpec('api', clickhouseUrl, redisUrl));
      await writeRuntime(this.config.dataDir, {
        url: this.url,
        pid: process.pid,
        startedAt: new Date().toISOString(),
        clickhouseUrl,
        redisUrl,
        grafanaPassword,
      });
      return this.url;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Ends the children, last started first, so that each finds what it needs to drain. Idempotent. */
  stop(): Promise<void> {
    this.stopped ??= (async () => {
      for (const child of [...this.children].reverse()) await child.stop();
      if (this.url) await removeRuntime(this.config.dataDir);
    })();
    return this.stopped;
  }

  private async startEngines(): Promise<{
    clickhouseUrl: string;
    redisUrl: string;
    grafanaPassword: string | undefined;
  }> {
    const { config } = this;
    const secrets = await engineSecrets(config.dataDir);
    const passwords = { application: secrets.clickhouseApplication, grafana: secrets.clickhouseGrafana };
    const starting: Promise<void>[] = [];
    let clickhouseUrl = config.clickhouse.url;
    let redisUrl = config.redis.url;
    const embedded = clickhouseUrl === undefined;
    if (clickhouseUrl === undefined) {
      const ports = { http: await freePort(), tcp: await freePort() };
      clickhouseUrl = embeddedClickHouseUrl(ports, passwords);
      const { database } = config.clickhouse;
      const logLevel = config.logLevel === 'trace' ? 'trace' : 'warning';
      const options = { logLevel, grafanaTenant: config.clickhouse.grafanaTenant } as const;
      starting.push(this.run(await embeddedClickHouse(config.dataDir, database, ports, passwords, options)));
    }
    if (redisUrl === undefined) {
      const port = await freePort();
      redisUrl = embeddedRedisUrl(port, secrets.redis);
      // Room for the buffer's own bound, BullMQ's bookkeeping and the copy-on-write of a log rewrite.
      const memory = Math.round(config.ingest.bufferMaxBytes * 1.5) + 256 * 1024 * 1024;
      starting.push(this.run(await embeddedRedis(config.dataDir, port, secrets.redis, memory)));
    }
    await Promise.all(starting);
    return { clickhouseUrl, redisUrl, grafanaPassword: embedded ? secrets.clickhouseGrafana : undefined };
  }

  private async run(spec: ChildSpec): Promise<void> {
    const child = new SupervisedChild(spec);
    this.children.push(child);
    await child.start();
  }

  private processSpec(role: 'api' | 'worker', clickhouseUrl: string, redisUrl: string): ChildSpec {
    const environment = () => ({
      ...this.environment,
      AUDIT_ROLE: role,
      AUDIT_CLICKHOUSE_URL: clickhouseUrl,
      AUDIT_REDIS_URL: redisUrl,
      // A restarted API must come back where the first one was.
      ...(role === 'api' && this.url ? { AUDIT_PORT: new URL(this.url).port } : {}),
    });
    return {
      name: role,
      command: process.execPath,
      args: [YOUNG_GENERATION, this.entry],
      get options() {
        // The IPC channel ends with us: that is how the child learns of our death.
        return { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] as StdioOptions, detached: true, env: environment() };
      },
      ready: (child) => this.readyMessage(role, child),
      stop: 'SIGTERM',
      graceMs: DRAIN_MS,
    };
  }

  private readyMessage(role: string, child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${role} did not serve within ${CHILD_READY_MS} ms`)),
        CHILD_READY_MS,
      );
      child.once('message', (message) => {
        clearTimeout(timer);
        const { url } = message as ReadyMessage;
        if (url) this.url = url;
        resolve();
      });
    });
  }
}
