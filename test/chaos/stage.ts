import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { Random } from '../../src/cli/demo/random';
import { Cluster, PartKind } from '../support/cluster';
import { memoryOf } from '../support/processes';
import { gatherAlerts, judgeAlerts } from './alerts';
import { Book } from './book';
import { Check, judge } from './checks';
import { Client, ClientCounts } from './clients';
import { gatherFacts, leftovers } from './facts';
import { Journal } from './journal';
import type { Options } from './options';
import { Receiver } from './receiver';
import { checkRollups } from './rollups';
import { setUpRules } from './rules';
import { SmallDisk } from './small-disk';

const GB = 1024 * 1024 * 1024;
const TENANTS = ['acme', 'globex', 'initech'];
const SETTLE_MS = 180_000;
const MEMORY_EVERY_MS = 500;
/** Longer than rules take to look and acts take to be recorded. */
const QUIET_MS = 3000;

export interface StageOptions {
  env?: Record<string, string>;
  proxied: boolean;
  smallDisks: boolean;
  workerArgs?: string[];
  /** Clients that send with ids and keys as well, or only each event once. */
  repeats: boolean;
  /** Whether the workers evaluate rules; those that can be counted are set up then. */
  rules: boolean;
}

/** The system under test with its clients, from the start to the verdict. */
export class Stage {
  readonly book = new Book();
  readonly peaks = new Map<PartKind, number>();
  private readonly clients: Client[];
  private readonly stopSending = new AbortController();
  private sending: Promise<unknown> = Promise.resolve();
  private readonly memoryTimer: NodeJS.Timeout;

  private constructor(
    readonly dir: string,
    readonly cluster: Cluster,
    readonly disks: SmallDisk[],
    /** Says by how many ms the clocks of APIs and workers are off, once they look. */
    readonly clockFile: string,
    private readonly journal: Journal,
    readonly receiver: Receiver,
    options: Options,
    private readonly how: StageOptions,
  ) {
    this.clients = TENANTS.flatMap((tenant) => [`${tenant}-a`, `${tenant}-b`]).map(
      (name, i, all) =>
        new Client({
          name: `${options.seed}-${name}`,
          urls: cluster.apiUrls,
          key: cluster.adminKey,
          tenant: TENANTS[Math.floor(i / 2)] ?? '',
          random: new Random(`${options.seed} client ${name}`),
          journal,
          book: this.book,
          rate: options.rate / all.length,
          repeats: how.repeats,
        }),
    );
    this.memoryTimer = setInterval(() => this.watchMemory(), MEMORY_EVERY_MS);
  }

  /** Starts the system in a new directory. `say` gets what a person should know. */
  static async set(options: Options, how: StageOptions, say: (line: string) => void): Promise<Stage> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'mcp-audit-chaos-')));
    const dataDir = join(dir, 'data');
    await mkdir(dataDir, { recursive: true });
    const disks: SmallDisk[] = [];
    if (how.smallDisks) {
      try {
        for (const [name, size] of [
          ['redis', 4 * GB],
          ['clickhouse', 6 * GB],
        ] as const) {
          disks.push(await SmallDisk.mount(name, join(dataDir, name), join(dir, `${name}.img`), size));
        }
      } catch (error) {
        say(`full disks are SKIPPED: no file system of its own could be mounted (${String(error).split('\n', 1)[0]})`);
      }
    }
    const clockFile = join(dir, 'clock-offset');
    const cluster = await Cluster.start({
      dataDir,
      nodeArgs: ['-r', join(__dirname, 'clock-step.cjs')],
      env: { ...how.env, CHAOS_CLOCK_FILE: clockFile, AUDIT_NOTIFY_ALLOWED_NETWORKS: '127.0.0.1' },
      apis: options.apis,
      workers: options.workers,
      proxied: how.proxied,
      ...(how.workerArgs && { workerArgs: how.workerArgs }),
      // The log of Redis is the record that the checks compare with: it must not be rewritten.
      redisConf: ['auto-aof-rewrite-percentage 0'],
    });
    const receiver = await Receiver.start(new Random(`${options.seed} receiver`));
    if (how.rules) await setUpRules(cluster, TENANTS, receiver.url);
    const journal = await Journal.open(join(dir, 'journal.ndjson'));
    return new Stage(dir, cluster, disks, clockFile, journal, receiver, options, how);
  }

  /** Lets the clients send until `finish`. */
  send(): void {
    this.sending = Promise.all(this.clients.map((client) => client.run(this.stopSending.signal, SETTLE_MS)));
    // Whoever awaits `finish` gets it.
    this.sending.catch(() => undefined);
  }

  counts(): ClientCounts {
    const sum: ClientCounts = {
      requests: 0,
      acknowledged: 0,
      refused: 0,
      unknown: 0,
      unreachable: 0,
      repeats: 0,
      unexpected: [],
    };
    for (const { counts } of this.clients) {
      for (const name of ['requests', 'acknowledged', 'refused', 'unknown', 'unreachable', 'repeats'] as const)
        sum[name] += counts[name];
      sum.unexpected.push(...counts.unexpected);
    }
    return sum;
  }

  /** Waits for health, the clients' last answers and an empty buffer. Returns the ms that the drain took. */
  async finish(): Promise<number> {
    await this.cluster.healthy();
    this.stopSending.abort();
    await this.sending;
    const began = Date.now();
    const redis = this.cluster.redis();
    const { keys } = this.cluster;
    try {
      // What rules raise is recorded as events too: it is over when they have seen all and nothing came for a while.
      for (let accepted: string | null = null, since = Date.now(); ;) {
        const now = await redis.hget(keys.totals(), 'accepted');
        if (now !== accepted) since = Date.now();
        accepted = now;
        const left = await leftovers(redis, keys);
        const quiet = left.length === 0 && Date.now() - since >= QUIET_MS && (await this.rulesHaveSeenAll(redis));
        if (quiet) return since - began;
        if (Date.now() - began > SETTLE_MS) return Date.now() - began; // The check "nothing waits" says what is left.
        await new Promise((done) => setTimeout(done, 200));
      }
    } finally {
      redis.disconnect();
    }
  }

  async judge(): Promise<Check[]> {
    const checks = judge(this.book, await gatherFacts(this.cluster, TENANTS));
    const clickhouse = this.cluster.clickhouse();
    try {
      checks.push(await checkRollups(clickhouse, this.cluster.config.clickhouse.database));
    } finally {
      await clickhouse.close();
    }
    if (this.how.rules) checks.push(...judgeAlerts(await gatherAlerts(this.cluster, TENANTS, this.receiver.messages)));
    const { unexpected, requests } = this.counts();
    checks.push({
      name: 'no unexpected answers',
      ok: unexpected.length === 0,
      detail: `${requests} requests, ${this.journal.lines} journaled acknowledgements`,
      faults: unexpected.slice(0, 5),
    });
    return checks;
  }

  async clear(remove: boolean): Promise<void> {
    clearInterval(this.memoryTimer);
    this.stopSending.abort();
    await this.cluster.stop();
    await this.journal.close();
    await this.receiver.close();
    for (const disk of this.disks) await disk.unmount();
    if (remove) await rm(this.dir, { recursive: true, force: true });
  }

  private async rulesHaveSeenAll(redis: Redis): Promise<boolean> {
    const { keys } = this.cluster;
    if (!this.how.rules) return true;
    for (const tenant of TENANTS) {
      const leaves = Number((await redis.get(keys.nextLeaf(tenant))) ?? 0);
      const seen = parseInt((await redis.hget(keys.ruleCursors(), tenant)) ?? '0', 10);
      if (seen < leaves) return false;
    }
    return true;
  }

  private watchMemory(): void {
    for (const part of this.cluster.parts) {
      const pid = part.pid();
      const memory = pid === undefined ? undefined : memoryOf(pid);
      if (memory) this.peaks.set(part.kind, Math.max(this.peaks.get(part.kind) ?? 0, memory.peak));
    }
  }
}
