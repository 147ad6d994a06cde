// The load generator, a process of its own. Reads one job as JSON from its standard input, prints one result as JSON.
import { Agent, request } from 'node:http';
import { Redis } from 'ioredis';
import { sampleBody } from './sample';

/** Sends bodies of `eventsPerBody` events on `connections` connections for `seconds`. */
export interface LoadJob {
  /** Of the APIs, which get the requests in turn. */
  urls: string[];
  key: string;
  connections: number;
  eventsPerBody: number;
  seconds: number;
  /** Requests per second, whatever the answers do (open loop); absent: as fast as answers come (closed loop). */
  rate?: number;
  /** Open loop: how long at the beginning latencies are not kept, while this process itself is compiled and connects. */
  warmUpSeconds?: number;
  /** Closed loop: pause while more rows than `most` wait, according to the field of the Redis hash. */
  waiting?: { redisUrl: string; hash: string; field: string; most: number };
}

export interface LoadResult {
  acknowledged: number;
  refused: number;
  failed: number;
  /** Of the first request, ms since the epoch. */
  beganAt: number;
  /** Latency in ms from the moment a request was due to its whole answer; sorted. Open loop only, after the warm-up. */
  latencies: number[];
  /** CPU of this process for all of it, ms. */
  cpuMs: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** Resolves with the status once the whole answer is there. */
function send(job: LoadJob, n: number, body: Buffer): Promise<number> {
  const type = job.eventsPerBody === 1 ? 'application/json' : 'application/x-ndjson';
  return new Promise((resolve, reject) => {
    const call = request(
      `${job.urls[n % job.urls.length]}/audit/api/events`,
      {
        method: 'POST',
        agent,
        headers: { authorization: `Bearer ${job.key}`, 'content-type': type, 'content-length': body.length },
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
        answer.once('error', reject);
      },
    );
    call.once('error', reject);
    call.end(body);
  });
}

async function closedLoop(job: LoadJob, bodies: Buffer[], result: LoadResult): Promise<void> {
  const deadline = performance.now() + job.seconds * 1000;
  const brake = job.waiting && new Brake(job.waiting);
  let next = 0;
  const sender = async () => {
    while (performance.now() < deadline) {
      if (brake?.on) await pause(5);
      else {
        const n = next++;
        await count(job, n, bodies[n % bodies.length] as Buffer, result);
      }
    }
  };
  await Promise.all(Array.from({ length: job.connections }, sender));
  brake?.release();
}

/** Knows every 50 ms whether too much waits. */
class Brake {
  on = false;
  private readonly redis: Redis;
  private readonly timer: NodeJS.Timeout;

  constructor({ redisUrl, hash, field, most }: NonNullable<LoadJob['waiting']>) {
    this.redis = new Redis(redisUrl);
    this.timer = setInterval(() => {
      void this.redis.hget(hash, field).then((rows) => (this.on = Number(rows) > most));
    }, 50);
  }

  release(): void {
    clearInterval(this.timer);
    this.redis.disconnect();
  }
}

/** Each request is due at its own time; its latency counts from then, so a stalled server is not spared. */
async function openLoop(job: LoadJob, rate: number, bodies: Buffer[], result: LoadResult): Promise<void> {
  const began = performance.now();
  const measured = began + (job.warmUpSeconds ?? 0) * 1000;
  const total = Math.round(rate * job.seconds);
  const pending = new Set<Promise<void>>();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * rate) + 1);
    for (; sent < due; sent++) {
      const dueAt = began + (sent / rate) * 1000;
      const work: Promise<void> = count(job, sent, bodies[sent % bodies.length] as Buffer, result).then(() => {
        if (dueAt >= measured) result.latencies.push(performance.now() - dueAt);
        pending.delete(work);
      });
      pending.add(work);
    }
    await pause(Math.max(1, began + (sent / rate) * 1000 - performance.now()));
  }
  await Promise.all(pending);
  result.latencies.sort((a, b) => a - b);
}

async function count(job: LoadJob, n: number, body: Buffer, result: LoadResult): Promise<void> {
  try {
    const status = await send(job, n, body);
    if (status === 202) result.acknowledged += job.eventsPerBody;
    else result.refused++;
  } catch {
    // Counted; the bench fails then.
    result.failed++;
  }
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function main(): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  const job = JSON.parse(text) as LoadJob;
  const different = Math.max(8, Math.ceil(20_000 / job.eventsPerBody));
  const bodies = Array.from({ length: different }, (_, i) => sampleBody(i * job.eventsPerBody, job.eventsPerBody));
  const result: LoadResult = {
    ...{ acknowledged: 0, refused: 0, failed: 0, beganAt: Date.now(), latencies: [], cpuMs: 0 },
  };
  if (job.rate === undefined) await closedLoop(job, bodies, result);
  else await openLoop(job, job.rate, bodies, result);
  const { user, system } = process.cpuUsage();
  result.cpuMs = (user + system) / 1000;
  process.stdout.write(JSON.stringify(result));
  agent.destroy();
}

void main();
