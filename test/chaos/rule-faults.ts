import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../src/cli/demo/random';
import type { Cluster, Part } from '../support/cluster';
import { holderOf } from '../support/processes';
import type { Trap } from '../support/tcp-proxy';
import type { Receiver } from './receiver';

/** What rules read of the events that have landed. */
const READS_EVENTS = /SELECT toString\(id\), leaf_index/;
const PATIENCE_MS = 4000;
const LOOK_MS = 50;

type Strike = (part: Part) => string | undefined | Promise<string | undefined>;

/** Hits the one worker that evaluates rules, or brings a message to somebody, in the middle of that. */
export class RuleFaults {
  constructor(
    private readonly cluster: Cluster,
    private readonly receiver: Receiver,
    private readonly random: Random,
  ) {}

  /** Its query for events is on the way, or the answer, or it evaluates what it has read. */
  async whileReading(strike: Strike): Promise<string | undefined> {
    const later = this.random.int(0, 30);
    return this.onLeader('worker-clickhouse', strike, later, ({ direction, head }) =>
      direction === 'up' && READS_EVENTS.test(head) ? 'done' : 'pass',
    );
  }

  /** What raises alerts and moves the cursor is on the way to Redis: some of these arrive, some are lost with the worker. */
  async whileRaising(strike: Strike): Promise<string | undefined> {
    const verdict = this.random.chance(0.3) ? 'cut' : 'done';
    const later = verdict === 'cut' ? 0 : this.random.int(0, 3);
    // As it stands in the step that moves it; where it is only asked for, the name has no quotes.
    const cursors = `"${this.cluster.keys.ruleCursors()}"`;
    return this.onLeader('worker-redis', strike, later, ({ direction, chunk }) =>
      direction === 'up' && chunk.includes(cursors) ? verdict : 'pass',
    );
  }

  /** A message was taken: the worker is hit before it has the answer, or before it can note what the answer said. */
  async whileTelling(strike: Strike): Promise<string | undefined> {
    const answersFirst = this.random.chance(0.5);
    let hit: string | undefined | Promise<string | undefined>;
    const aim = (port: number) => {
      const workers = this.cluster.of('worker');
      const pids = workers.map((part) => part.pid()).filter((pid) => pid !== undefined);
      const pid = holderOf(port, pids);
      const part = workers.find((worker) => pid !== undefined && worker.pid() === pid);
      return () => {
        if (part) hit = strike(part);
      };
    };
    if (!(await this.receiver.aimAtNext(aim, answersFirst, PATIENCE_MS))) return undefined;
    const name = await hit;
    return name && `${name}, ${answersFirst ? 'answered' : 'not answered'}`;
  }

  private async onLeader(link: string, strike: Strike, afterMs: number, trap: Trap): Promise<string | undefined> {
    const leader = await this.leader();
    if (!leader || !(await this.cluster.links.get(link)?.trap(trap, PATIENCE_MS))) return undefined;
    if (afterMs > 0) await pause(afterMs);
    return strike(leader);
  }

  /** The worker that evaluates rules; after a kill of it nobody does for some seconds. */
  private async leader(): Promise<Part | undefined> {
    const redis = this.cluster.redis();
    try {
      for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await pause(LOOK_MS)) {
        const [, , pid] = ((await redis.get(this.cluster.keys.rulesLeader())) ?? '').split('/');
        const part = this.cluster.of('worker').find((worker) => String(worker.pid()) === pid);
        if (part) return part;
      }
      return undefined;
    } finally {
      redis.disconnect();
    }
  }
}
