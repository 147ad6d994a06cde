import type { JobsOptions } from 'bullmq';
import { z } from 'zod';

/** The BullMQ queue of pointer jobs: one job per segment; the payload stands under a Redis key of its own. */
export const EVENTS_QUEUE = 'audit-events';

/**
 * What a job of `audit-events` says. The job's id is the segment's id. The payload (Redis key `keys.segment(id)`) is the
 * concatenation of rows (events/row.ts), grouped by tenant in the order of `runs`.
 */
export const segmentPointer = z.object({
  segment: z.string(),
  runs: z.array(z.object({ tenant: z.string(), rows: z.number().int().positive() })).min(1),
  /** Size of the payload in bytes. */
  bytes: z.number().int().positive(),
  /** When it was accepted, ms since the epoch. */
  acceptedAt: z.number().int(),
  /** Receipt of its oldest row, ms since the epoch, if that lies before acceptance: a dead letter that was sent again. */
  oldestReceipt: z.number().int().optional(),
});
export type SegmentPointer = z.infer<typeof segmentPointer>;

/**
 * Options of the job of a segment. Nothing is given up after N attempts: while ClickHouse is away, it is retried for ever.
 * The queue and its workers use `prefix: keys.prefix` of RedisKeys as BullMQ's prefix.
 */
export const segmentJobOptions = (segment: string): JobsOptions => ({
  jobId: segment,
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: 'fixed', delay: 1000 },
  removeOnComplete: true,
  removeOnFail: false,
});
