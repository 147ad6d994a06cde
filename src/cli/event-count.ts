import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '../common/app-error';
import { CATEGORIES } from '../events/event-types';
import type { AuditClient } from './client';

const counted = z.object({ total: z.number() });
const pipeline = z.looseObject({ pipeline: z.object({ waiting: z.number() }).nullable() });

/** Stored events of a service (or all), but for the audit system's own acts; undefined if this key may not read. */
export async function countEvents(client: AuditClient, service: string | undefined): Promise<number | undefined> {
  const query = new URLSearchParams({ from: '1970-01-01T00:00:00Z' });
  for (const category of CATEGORIES) if (category !== 'audit') query.append('category', category);
  if (service !== undefined) query.set('service', service);
  try {
    return (await client.json('GET', 'events/count', counted, { query })).total;
  } catch (error) {
    if (error instanceof AppError && error.status === 403) return undefined;
    throw error;
  }
}

/** Events accepted and not yet written, of all tenants. */
export async function waitingEvents(client: AuditClient): Promise<number> {
  return (await client.json('GET', 'health', pipeline)).pipeline?.waiting ?? 0;
}

/**
 * How many events were added since `before`: waits until `expected` were, or until nothing waits and the count rests for
 * 2 s (the others were known already), at most two minutes. Events that others send meanwhile count too.
 */
export async function countAdded(
  system: { count: () => Promise<number | undefined>; waiting: () => Promise<number> },
  before: number,
  expected: number,
  clock: { now: () => number; sleep: (ms: number) => Promise<unknown> } = { now: Date.now, sleep },
): Promise<number | undefined> {
  const until = clock.now() + 120_000;
  let last = before;
  let restsSince = clock.now();
  for (;;) {
    const now = await system.count();
    if (now === undefined) return undefined;
    const added = Math.max(0, now - before);
    if (added >= expected) return expected;
    if (now !== last || (await system.waiting()) > 0) restsSince = clock.now();
    last = now;
    if (clock.now() - restsSince >= 2000) return added;
    if (clock.now() >= until) return undefined;
    await clock.sleep(200);
  }
}
