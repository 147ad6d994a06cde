import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../src/cli/demo/random';
import { Cluster, Part, PartKind } from '../support/cluster';
import { signal } from '../support/processes';
import { Passing, TcpProxy } from '../support/tcp-proxy';
import type { Receiver } from './receiver';
import { RuleFaults } from './rule-faults';
import { SmallDisk } from './small-disk';

export interface NemesisOptions {
  cluster: Cluster;
  random: Random;
  /** The nemesis ends after so many kills with -9 … */
  kills: number;
  /** … or at this time, whatever comes first; ms since the epoch. */
  deadline: number;
  /** Mean pause between two faults, ms. */
  paceMs: number;
  disks: SmallDisk[];
  clockFile: string;
  /** Where messages of alerts arrive. */
  receiver: Receiver;
  /** Only these faults; default: all. */
  only?: FaultName[];
  onFault: (line: string) => void;
}

/** Faults and how often each is chosen, relative to the others. */
const WEIGHTS = {
  'kill one part': 30,
  'kill a pair': 12,
  'kill ClickHouse inside an insert': 20,
  'kill a worker inside an insert': 16,
  'kill the worker that reads events for rules': 8,
  'kill the worker that raises alerts': 8,
  'kill the worker that tells of an alert': 8,
  'stop and continue one part': 8,
  'stop a worker inside an insert, past its lease': 3,
  'stop the worker that reads events for rules, past its lease': 3,
  'cut all connections': 6,
  'cut inside a request body': 8,
  'cut after the server acted, before its answer': 12,
  delay: 4,
  'black hole': 4,
  'full disk': 3,
  'clock step': 4,
} as const;
export type FaultName = keyof typeof WEIGHTS;
export const FAULTS = Object.keys(WEIGHTS) as FaultName[];

const INSERT = /INSERT(\s|%20|\+)INTO/i;
const TRAP_MS = 4000;

/** Breaks things, one fault after the other, in an order that the seed fixes. */
export class Nemesis {
  readonly faults = new Map<string, number>();
  readonly killed = new Map<PartKind, number>();
  kills = 0;
  private readonly stopped = new Set<number>();
  private readonly ruleFaults: RuleFaults;

  constructor(private readonly options: NemesisOptions) {
    this.ruleFaults = new RuleFaults(options.cluster, options.receiver, options.random);
  }

  /** Runs to the last kill or the deadline, then heals everything. */
  async run(): Promise<void> {
    const { random, deadline, kills, paceMs } = this.options;
    const names = (this.options.only ?? FAULTS).filter((name) => name !== 'full disk' || this.options.disks.length > 0);
    const lots = names.flatMap((name) => Array.from({ length: WEIGHTS[name] }, () => name));
    try {
      while (this.kills < kills && Date.now() < deadline) {
        await this.inflict(random.pick(lots));
        await pause(paceMs * 2 * random.next());
      }
    } finally {
      await this.heal();
    }
  }

  /** Ends every fault that still lasts; killed parts come back by themselves. */
  async heal(): Promise<void> {
    for (const pid of this.stopped) signal(pid, 'SIGCONT');
    this.stopped.clear();
    for (const proxy of this.options.cluster.links.values()) proxy.heal();
    for (const disk of this.options.disks) await disk.relieve();
  }

  private async inflict(fault: FaultName): Promise<void> {
    const done = await this.faultOf(fault)();
    if (done === undefined) return;
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    this.options.onFault(`${fault}: ${done}`);
  }

  /** Each returns what it hit, or undefined if the moment did not come. */
  private faultOf(fault: FaultName): () => Promise<string | undefined> {
    const faults: Record<FaultName, () => Promise<string | undefined>> = {
      'kill one part': () => Promise.resolve(this.kill(this.somePart())),
      'kill a pair': () => this.killPair(),
      'kill ClickHouse inside an insert': () => this.insideInsert(() => this.kill(this.some('clickhouse'))),
      'kill a worker inside an insert': () => this.insideInsert(() => this.killWorkers()),
      'kill the worker that reads events for rules': () => this.ruleFaults.whileReading((part) => this.kill(part)),
      'kill the worker that raises alerts': () => this.ruleFaults.whileRaising((part) => this.kill(part)),
      'kill the worker that tells of an alert': () => this.ruleFaults.whileTelling((part) => this.kill(part)),
      'stop and continue one part': () => this.suspend(this.somePart(), this.options.random.int(300, 6000)),
      'stop a worker inside an insert, past its lease': () =>
        this.insideInsert(() => this.suspend(this.some('worker'), this.options.random.int(15_000, 40_000), true)),
      'stop the worker that reads events for rules, past its lease': () =>
        this.ruleFaults.whileReading((part) => this.suspend(part, this.options.random.int(6000, 15_000), true)),
      'cut all connections': () => Promise.resolve(this.cutAll()),
      'cut inside a request body': () => this.cutInsideBody(),
      'cut after the server acted, before its answer': () => this.swallowAnswer(),
      delay: () => this.delay(),
      'black hole': () => this.blackHole(),
      'full disk': () => this.fillDisk(),
      'clock step': () => this.stepClock(),
    };
    return faults[fault];
  }

  private some(kind: PartKind): Part {
    return this.options.random.pick(this.options.cluster.of(kind));
  }

  /** Every kind is as likely as the others, however many there are of it. */
  private somePart(): Part {
    return this.some(this.options.random.pick(['api', 'worker', 'redis', 'clickhouse'] as const));
  }

  private kill(part: Part): string | undefined {
    if (!signal(part.pid(), 'SIGKILL')) return undefined;
    this.kills += 1;
    this.killed.set(part.kind, (this.killed.get(part.kind) ?? 0) + 1);
    return part.name;
  }

  private async killPair(): Promise<string | undefined> {
    const [first, second] = this.options.random.sample(this.options.cluster.parts, 2);
    if (!first || !second) return undefined;
    const hit = [this.kill(first)];
    if (this.options.random.chance(0.5)) await pause(this.options.random.int(0, 150));
    hit.push(this.kill(second));
    return hit.filter((name) => name !== undefined).join(' and ') || undefined;
  }

  /** Whoever inserts is one of the workers, and we cannot tell which: all of them. */
  private killWorkers(): string | undefined {
    const hit = this.options.cluster.of('worker').map((part) => this.kill(part));
    return hit.filter((name) => name !== undefined).join(' and ') || undefined;
  }

  private async suspend(part: Part, ms: number, inBackground = false): Promise<string | undefined> {
    const pid = part.pid();
    if (pid === undefined || !signal(pid, 'SIGSTOP')) return undefined;
    this.stopped.add(pid);
    const over = pause(ms).then(() => {
      if (this.stopped.delete(pid)) signal(pid, 'SIGCONT');
    });
    if (!inBackground) await over;
    return `${part.name} for ${ms} ms`;
  }

  /** Waits for an insert to be under way, at a random point of its body or a moment after it, and strikes. */
  private async insideInsert(
    strike: () => string | undefined | Promise<string | undefined>,
  ): Promise<string | undefined> {
    const { random, cluster } = this.options;
    const proxy = cluster.links.get('worker-clickhouse');
    if (!proxy) return undefined;
    const after = random.chance(0.3) ? random.int(0, 400_000) : 0;
    const caught = await proxy.trap(
      ({ direction, head, request }) => (direction === 'up' && INSERT.test(head) && request >= after ? 'done' : 'pass'),
      TRAP_MS,
    );
    if (!caught) return undefined;
    // Most of an insert's time goes to parts and their log, after its body has come.
    if (random.chance(0.8)) await pause(random.int(0, 200));
    return strike();
  }

  private someLink(): [string, TcpProxy] {
    return this.options.random.pick([...this.options.cluster.links]);
  }

  private cutAll(): string | undefined {
    const [name, proxy] = this.someLink();
    const cut = proxy.cutAll();
    return cut > 0 ? `${name}, ${cut} connections` : undefined;
  }

  private async cutInsideBody(): Promise<string | undefined> {
    const [name, proxy] = this.someLink();
    const at = this.options.random.int(300, 60_000);
    const cut = await proxy.trap(
      ({ direction, request }) => (direction === 'up' && request > at ? 'cut' : 'pass'),
      TRAP_MS,
    );
    return cut ? name : undefined;
  }

  /** The server has acted when it answers: that answer is what gets lost. Only answers to requests that write. */
  private async swallowAnswer(): Promise<string | undefined> {
    const [name, proxy] = this.someLink();
    const cut = await proxy.trap((passing) => (answersWrite(name, passing) ? 'cut' : 'pass'), TRAP_MS);
    return cut ? name : undefined;
  }

  private async delay(): Promise<string> {
    const { random } = this.options;
    const [name, proxy] = this.someLink();
    const [ms, forMs] = [random.int(10, 500), random.int(1000, 5000)];
    proxy.delay(ms);
    await pause(forMs);
    proxy.heal();
    return `${name}, ${ms} ms for ${forMs} ms`;
  }

  private async blackHole(): Promise<string> {
    const { random } = this.options;
    const [name, proxy] = this.someLink();
    const ms = random.int(500, 12_000);
    proxy.blackHole(ms);
    await pause(ms);
    if (random.chance(0.5)) proxy.cutAll();
    return `${name} for ${ms} ms`;
  }

  /** Of one API or worker, there and back; longer than a lease, shorter than we would want to wait for the drain. */
  private async stepClock(): Promise<string | undefined> {
    const { random, clockFile } = this.options;
    const part = this.some(random.pick(['api', 'worker'] as const));
    const [ms, forMs] = [random.int(-60_000, 60_000), random.int(500, 8000)];
    await writeFile(clockFile, String(ms));
    if (!signal(part.pid(), 'SIGUSR2')) return undefined;
    await pause(forMs);
    await writeFile(clockFile, '0');
    signal(part.pid(), 'SIGUSR2');
    return `${part.name} by ${ms} ms for ${forMs} ms`;
  }

  private async fillDisk(): Promise<string> {
    const { random } = this.options;
    const disk = random.pick(this.options.disks);
    const ms = random.int(1000, 6000);
    await disk.fill();
    await pause(ms);
    await disk.relieve();
    return `${disk.name} for ${ms} ms`;
  }
}

function answersWrite(link: string, { direction, head, request }: Passing): boolean {
  if (direction !== 'down' || request === 0) return false;
  if (link.endsWith('-clickhouse')) return INSERT.test(head);
  if (link.endsWith('-redis')) return request > 2000 || /evalsha|\nexec\r/i.test(head);
  return head.startsWith('POST ');
}
