import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseClient } from '@clickhouse/client';
import { Redis } from 'ioredis';
import { connectClickHouse } from '../../src/clickhouse/clickhouse.module';
import { Migrator } from '../../src/clickhouse/migrator';
import { YOUNG_GENERATION } from '../../src/supervisor/supervisor';
import { Cluster } from '../support/cluster';
import { cpuMsOf, memoryOf } from '../support/processes';
import { SERVICE } from './sample';

export const TENANT = 'default';
export const PLAIN_DATABASE = 'audit_plain';
const SETTLE_MS = 20_000;
const DRAIN_MS = 300_000;

export const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** The real system in a fresh directory, and beside it an equal database that only the bench writes to. */
export class Stage {
  private constructor(
    readonly cluster: Cluster,
    readonly clickhouse: ClickHouseClient,
    /** The same tables once more: what is inserted there is in no ledger. */
    readonly plain: ClickHouseClient,
    readonly redis: Redis,
  ) {}

  static async set(
    apis: number,
    workers: number,
    profileDir?: string,
    env: Record<string, string> = {},
  ): Promise<Stage> {
    const dataDir = await mkdtemp(join(tmpdir(), 'mcp-audit-bench-'));
    const profiling = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
    const nodeArgs = [YOUNG_GENERATION, ...profiling];
    const cluster = await Cluster.start({
      ...{ dataDir, apis, workers, proxied: false, nodeArgs },
      env: { AUDIT_LOG_LEVEL: 'warn', ...env },
    });
    const server = connectClickHouse(cluster.config, 'system');
    const plain = connectClickHouse(cluster.config, PLAIN_DATABASE);
    await new Migrator(server, plain, PLAIN_DATABASE, join(__dirname, '../../migrations'), undefined).migrate();
    await server.close();
    await cluster.healthy();
    return new Stage(cluster, cluster.clickhouse(), plain, cluster.redis());
  }

  async clear(): Promise<void> {
    await this.clickhouse.close();
    await this.plain.close();
    this.redis.disconnect();
    await this.cluster.stop();
    await rm(this.cluster.options.dataDir, { recursive: true, force: true });
  }

  /** Events of the load that ClickHouse has. */
  async stored(): Promise<number> {
    const query = 'SELECT count() AS n FROM events WHERE tenant = {tenant:String} AND service = {service:String}';
    const params = { tenant: TENANT, service: SERVICE };
    const answer = await this.clickhouse.query({ query, query_params: params, format: 'JSONEachRow' });
    return Number((await answer.json<{ n: string }>())[0]?.n);
  }

  async waitingRows(): Promise<number> {
    return Number((await this.redis.hget(this.cluster.keys.totals(), 'waitingRows')) ?? 0);
  }

  /** Leaves under the newest checkpoint. */
  async sealed(): Promise<number> {
    const note = await this.redis.hget(this.cluster.keys.ledgerHeads(), TENANT);
    return Number(note?.split('\n')[1] ?? 0);
  }

  /** Resolves when all that was accepted is stored. */
  async drained(): Promise<void> {
    await this.until('the drain', async () => (await this.waitingRows()) === 0);
  }

  /** Resolves when also the ledger is sealed and the rules have seen all. */
  async caughtUp(): Promise<void> {
    const { keys } = this.cluster;
    await this.until('ledger and rules', async () => {
      const leaves = Number((await this.redis.get(keys.nextLeaf(TENANT))) ?? 0);
      const seen = parseInt((await this.redis.hget(keys.ruleCursors(), TENANT)) ?? '0', 10);
      return (await this.sealed()) >= leaves && seen >= leaves;
    });
  }

  /** Lets ClickHouse finish the merges that what came before has left to it. */
  async settle(): Promise<void> {
    const deadline = Date.now() + SETTLE_MS;
    for (let quiet = 0; quiet < 3 && Date.now() < deadline;) {
      await pause(200);
      const answer = await this.clickhouse.query({
        query: 'SELECT count() AS n FROM system.merges',
        format: 'JSONEachRow',
      });
      quiet = Number((await answer.json<{ n: string }>())[0]?.n) === 0 ? quiet + 1 : 0;
    }
  }

  /** CPU of all processes from now on. */
  meter(): CpuMeter {
    return new CpuMeter(this.pids());
  }

  /** Memory of each process now and at its peak, MiB. */
  memory(): Record<string, { now: number; peak: number }> {
    const mib = (bytes: number) => Math.round(bytes / 1_048_576);
    return Object.fromEntries(
      [...this.pids()].map(([name, pid]) => {
        const memory = memoryOf(pid);
        return [name, { now: mib(memory?.rss ?? NaN), peak: mib(memory?.peak ?? NaN) }];
      }),
    );
  }

  private pids(): Map<string, number> {
    return new Map(this.cluster.parts.map((part) => [part.name, part.pid() ?? NaN]));
  }

  private async until(what: string, done: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + DRAIN_MS;
    while (!(await done())) {
      if (Date.now() > deadline) throw new Error(`${what}: not done after ${DRAIN_MS / 1000} s`);
      await pause(20);
    }
  }
}

/** CPU microseconds per event that each process has spent since the meter was made; with all its threads. */
export class CpuMeter {
  private readonly before: Map<string, number>;
  private readonly own = process.cpuUsage();

  constructor(private readonly pids: Map<string, number>) {
    this.before = new Map([...pids].map(([name, pid]) => [name, cpuMsOf(pid) ?? NaN]));
  }

  /** `bench` is the process that measures. */
  perEvent(events: number): Record<string, number> {
    const { user, system } = process.cpuUsage(this.own);
    const micros = [...this.pids].map(([name, pid]): [string, number] => [
      name,
      ((cpuMsOf(pid) ?? NaN) - (this.before.get(name) ?? NaN)) * 1000,
    ]);
    return Object.fromEntries(
      [...micros, ['bench', user + system] as const].map(([name, us]) => [name, Math.round((us / events) * 100) / 100]),
    );
  }
}
