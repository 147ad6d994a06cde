import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { validateEvent } from '../../src/events/validate-event';
import { uuidV7 } from '../../src/events/uuid';
import { RowEncoder } from '../../src/ingest/row-encoder';
import { PLAIN, TenantSealer } from '../../src/keys/event-sealer';
import type { SegmentPointer } from '../../src/queues/segment';
import { RedisKeys } from '../../src/redis/redis-keys';
import { openSegment, Segment } from '../../src/writer/batch';

const DAYS = { security: 2555, compliance: 2555, financial: 2555, user_action: 365 };

/** Rows of events, as ingest makes them. */
export function rowsOf(
  tenant: string,
  events: object[],
  { receivedAt = Date.now(), sealer = PLAIN }: { receivedAt?: number; sealer?: TenantSealer } = {},
): { rows: number; payload: Buffer } {
  const encoder = new RowEncoder(tenant, receivedAt, DAYS, sealer);
  for (const event of events) {
    const valid = validateEvent(
      { eventType: 'DATA_READ', description: 'read it', ...event },
      { now: receivedAt, ownActs: true },
    );
    if (!valid.ok) throw new Error(JSON.stringify(valid.problems));
    encoder.add(valid.event, valid.type);
  }
  const { rows, payload } = encoder.part();
  return { rows, payload };
}

/** Makes a segment of one tenant's events wait in Redis and in the books, as ingest does, but without a job. */
export async function putSegment(redis: Redis, keys: RedisKeys, tenant: string, events: object[]): Promise<Segment> {
  return putRows(redis, keys, tenant, rowsOf(tenant, events));
}

/** The same with rows that may be anything. */
export async function putRows(
  redis: Redis,
  keys: RedisKeys,
  tenant: string,
  { rows, payload }: { rows: number; payload: Buffer },
  acceptedAt = Date.now(),
): Promise<Segment> {
  const pointer: SegmentPointer = {
    segment: uuidV7(Date.now()),
    runs: [{ tenant, rows }],
    bytes: payload.length,
    acceptedAt,
  };
  const change = redis
    .multi()
    .set(keys.segment(pointer.segment), payload)
    .hset(keys.pointers(), pointer.segment, JSON.stringify(pointer))
    .zadd(keys.segments(), pointer.acceptedAt, pointer.segment);
  for (const totals of [keys.totals(), keys.tenantTotals(tenant)]) {
    change.hincrby(totals, 'accepted', rows).hincrby(totals, 'waitingRows', rows);
    change.hincrby(totals, 'waitingBytes', payload.length);
  }
  await change.exec();
  return openSegment(pointer, payload);
}

export const freshTenant = (): string => `t${randomBytes(6).toString('hex')}`;
