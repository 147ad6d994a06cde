import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import { Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { Batcher } from '../common/batcher';
import { Config, CONFIG } from '../config/config';
import { EVENTS_QUEUE, segmentPointer } from '../queues/segment';
import { connectRedis, REDIS } from '../redis/redis.module';
import { RedisKeys } from '../redis/redis-keys';
import { openSegment, rowCount, Segment } from './batch';
import { BatchWriter } from './batch-writer';
import { Counters } from './counters';
import { ManifestStore } from './manifest-store';
import { WriterMetrics } from './writer-metrics';

/** Segments in memory at once. Enough to fill the batches that are written and the one that collects. */
const CONCURRENCY = 150;
/** Segments that make a batch full, whatever their rows: with fewer left to take, nothing could fill it. */
const FULL_SEGMENTS = CONCURRENCY / 2;
/** How long a first segment after a pause waits for others, ms. */
const FIRST_WAIT_MS = 50;
/** A worker that does not renew its locks for so long is taken for dead. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 2500;

/**
 * Takes segments from BullMQ. A job is done only when its segment is committed, so a worker that dies leaves its jobs
 * to the others: BullMQ hands them out again, and what was begun is found by its manifest.
 */
@Injectable()
export class SegmentWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly log = new Logger('SegmentWorker');
  private readonly batcher: Batcher<Segment>;
  private readonly takeovers = new Map<number, Promise<void>>();
  private worker: Worker | undefined;
  private connection: Redis | undefined;

  constructor(
    private readonly writer: BatchWriter,
    private readonly manifests: ManifestStore,
    private readonly counters: Counters,
    private readonly metrics: WriterMetrics,
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: RedisKeys,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.batcher = new Batcher<Segment>({
      sizeOf: (segment) => Math.max(rowCount(segment), config.writer.batchRows / FULL_SEGMENTS),
      maxSize: config.writer.batchRows,
      maxAgeMs: Math.min(FIRST_WAIT_MS, config.writer.batchAgeMs),
      spacingMs: config.writer.batchAgeMs,
      maxFlushes: config.writer.concurrency,
      flush: (segments) => this.writer.write(segments),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    // Sequencing restores the counters itself when it must; doing it here keeps the first batch fast.
    await this.counters.restore().catch((error: Error) => this.log.warn(`counters not restored yet: ${error.message}`));
    this.connection = connectRedis(this.config, { blocking: true });
    this.worker = new Worker(EVENTS_QUEUE, (job) => this.process(job), {
      connection: this.connection,
      prefix: this.keys.prefix,
      concurrency: CONCURRENCY,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      // The default discards a job after the second crash of a worker; ours are never discarded.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      skipVersionCheck: true,
    });
    this.worker.on('error', (error) => this.log.warn(`queue: ${error.message}`));
    this.worker.on('failed', (job, error) => this.log.warn(`segment ${job?.id} will be tried again: ${error.message}`));
  }

  /** Resolves once the segment of the job is committed, by whomever. */
  async process(job: Pick<Job, 'data'>): Promise<void> {
    const pointer = segmentPointer.parse(job.data);
    const batch = await this.manifests.batchOf(pointer.segment);
    if (batch !== undefined) return this.takeOver(batch);
    const payload = await this.redis.getBuffer(this.keys.segment(pointer.segment));
    // Payloads go when their batch is committed; one that never came was refused with its request.
    if (payload === null) return;
    this.metrics.heldBytes.inc(payload.length);
    try {
      await this.batcher.add(openSegment(pointer, payload));
    } finally {
      this.metrics.heldBytes.dec(payload.length);
    }
  }

  private takeOver(batch: number): Promise<void> {
    const running = this.takeovers.get(batch);
    if (running) return running;
    const begun = this.writer.takeOver(batch).finally(() => this.takeovers.delete(batch));
    this.takeovers.set(batch, begun);
    return begun;
  }

  /** Takes no more segments, finishes what it holds, then lets go. */
  async beforeApplicationShutdown(): Promise<void> {
    const closing = this.worker?.close();
    this.writer.stop();
    await this.batcher.drain();
    await closing;
    this.connection?.disconnect();
  }
}
