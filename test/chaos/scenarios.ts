import { setTimeout as pause } from 'node:timers/promises';
import { RedisKeys } from '../../src/redis/redis-keys';
import { Cluster } from '../support/cluster';
import { memoryOf, signal } from '../support/processes';
import { waitFor } from '../support/system';
import type { Options } from './options';
import type { Stage } from './stage';

/** What a scenario did to the system; it returns when all is healed. */
export interface Deeds {
  kills: number;
  killed: Record<string, number>;
  faults: Record<string, number>;
  measured: Record<string, number | string>;
}

const MB = 1024 * 1024;
/** How long refusals are watched before ClickHouse is let go on. */
const FULL_MS = 10_000;

/**
 * ClickHouse is away (its process stands still, so connections hang, which is worse than a refusal) until the buffer is full:
 * ingest must go on to the bound, then refuse with Retry-After, and take up again by itself.
 */
export async function clickhouseDown(_: Options, stage: Stage): Promise<Deeds> {
  const { cluster } = stage;
  const [clickhouse] = cluster.of('clickhouse');
  const bound = cluster.config.ingest.bufferMaxBytes;
  await waitFor(() => Promise.resolve(stage.counts().acknowledged > 20 ? true : undefined), { what: () => 'traffic' });
  signal(clickhouse?.pid(), 'SIGSTOP');
  const stopped = Date.now();
  const before = stage.counts();
  const full = await waitFor(() => refusal(cluster), { timeoutMs: 300_000, what: () => 'the buffer to be full' });
  const filledAfter = Date.now() - stopped;
  const during = stage.counts();
  let peakBytes = 0;
  let peakMemory = 0;
  for (const end = Date.now() + FULL_MS; Date.now() < end; await pause(200)) {
    const buffer = await bufferOf(cluster);
    peakBytes = Math.max(peakBytes, buffer.waitingBytes);
    peakMemory = Math.max(peakMemory, buffer.usedMemory);
  }
  signal(clickhouse?.pid(), 'SIGCONT');
  const resumed = Date.now();
  await waitFor(async () => ((await refusal(cluster)) ? undefined : true), {
    timeoutMs: 120_000,
    what: () => 'events to be taken again',
  });
  const after = Date.now() - resumed;
  if (!(Number(full.retryAfter) > 0)) throw new Error('503 came without Retry-After');
  if (peakBytes > bound * 1.2) throw new Error(`the buffer grew to ${peakBytes} bytes; its bound is ${bound}`);
  return {
    kills: 0,
    killed: {},
    faults: { 'ClickHouse stands still': 1 },
    measured: {
      'bound of the buffer, MB': megabytes(bound),
      'requests acknowledged while it filled': during.acknowledged - before.acknowledged,
      'seconds until it was full': Math.round(filledAfter / 1000),
      'Retry-After, s': full.retryAfter,
      'most bytes waiting, MB': megabytes(peakBytes),
      'memory of Redis then, MB': megabytes(peakMemory),
      'ms from ClickHouse back to the next 202': after,
    },
  };
}

/**
 * SIGTERM to every API and worker in turn under full load: each must end by itself, in time, and nothing may be lost. (The
 * supervising code starts it again, as a rolling update would.)
 */
export async function shutdown(_: Options, stage: Stage): Promise<Deeds> {
  const { cluster } = stage;
  await waitFor(() => Promise.resolve(stage.counts().acknowledged > 50 ? true : undefined), { what: () => 'traffic' });
  const measured: Deeds['measured'] = {};
  const terminated: Record<string, number> = {};
  for (let round = 0; round < 3; round++) {
    for (const part of [...cluster.of('api'), ...cluster.of('worker')]) {
      const pid = part.pid();
      if (pid === undefined || !signal(pid, 'SIGTERM')) throw new Error(`${part.name} does not run`);
      const began = Date.now();
      await waitFor(() => Promise.resolve(memoryOf(pid) === undefined ? true : undefined), {
        timeoutMs: SHUTDOWN_MS,
        everyMs: 10,
        what: () => `${part.name} to end after SIGTERM`,
      });
      const name = `slowest end of ${part.kind}, ms`;
      measured[name] = Math.max(Number(measured[name] ?? 0), Date.now() - began);
      terminated[`SIGTERM to ${part.kind}`] = (terminated[`SIGTERM to ${part.kind}`] ?? 0) + 1;
      await waitFor(() => Promise.resolve(part.pid() !== pid && part.pid() !== undefined ? true : undefined));
      await cluster.healthy();
      await pause(1000);
    }
  }
  return { kills: 0, killed: {}, faults: terminated, measured: { ...measured, 'stated bound, ms': SHUTDOWN_MS } };
}

/** The time within which an API or a worker ends after SIGTERM, whatever it is doing. */
const SHUTDOWN_MS = 15_000;

/** The 503 that a sender gets now, or undefined if events are taken. */
async function refusal(cluster: Cluster): Promise<{ retryAfter: number } | undefined> {
  const answer = await fetch(`${cluster.apiUrls[0]}/audit/api/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${cluster.adminKey}`, 'content-type': 'application/json', 'x-tenant': 'prober' },
    body: JSON.stringify({ eventType: 'DATA_READ', description: 'is there room?' }),
  });
  const { code } = (await answer.json()) as { code?: string };
  return answer.status === 503 && code === 'BUFFER_FULL'
    ? { retryAfter: Number(answer.headers.get('retry-after')) }
    : undefined;
}

async function bufferOf(cluster: Cluster): Promise<{ waitingBytes: number; usedMemory: number }> {
  const redis = cluster.redis();
  try {
    const keys = new RedisKeys(cluster.config.redis.prefix);
    const waitingBytes = Number(await redis.hget(keys.totals(), 'waitingBytes'));
    const usedMemory = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
    return { waitingBytes, usedMemory };
  } finally {
    redis.disconnect();
  }
}

const megabytes = (bytes: number) => Math.round((bytes / MB) * 10) / 10;
