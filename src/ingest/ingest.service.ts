import { setImmediate as turn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, FieldProblem } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { derivedUuidV7 } from '../events/uuid';
import { EventSealer, PLAIN } from '../keys/event-sealer';
import { admit } from './back-pressure';
import { BufferGauge } from './buffer-gauge';
import { EventIntake } from './event-intake';
import { inTime } from './in-time';
import { receivedEvents } from './ingest-metrics';
import { Idempotency, Marker } from './idempotency';
import type { IngestResult } from './ingest.schema';
import { Items, parseEvents } from './parse-events';
import { RetentionDays } from './retention-days';
import { RowEncoder } from './row-encoder';
import { isRefused, refused } from './segment-store';
import { encode, SliceReader } from './slice-reader';

const LISTED_ERRORS = 1000;
const LISTED_PROBLEMS = 10;
/** How long Redis may take to answer a question before anything is stored, ms. */
const ASK_TIMEOUT_MS = 3000;
/** Events after which other requests get their turn. */
const SLICE = 200;

export interface IngestRequest {
  tenant: string;
  body: Buffer;
  ndjson: boolean;
  idempotencyKey?: string;
  /** Whether the answer names the checksum of each event. */
  receipts: boolean;
}

export interface IngestAnswer {
  status: 202 | 207 | 422;
  result: IngestResult;
  replayed: boolean;
}

/** From a body to an answer: parse, judge, encode, make durable. */
@Injectable()
export class IngestService {
  /** Those that no request uses right now. */
  private readonly readers: SliceReader[] = [];

  constructor(
    private readonly intake: EventIntake,
    private readonly gauge: BufferGauge,
    private readonly idempotency: Idempotency,
    private readonly sealer: EventSealer,
    private readonly retention: RetentionDays,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Answers when every good event is durable.
   * @throws AppError 400, 413 or 422 for the body as a whole, 409 for a key used otherwise, 429 or 503 when nothing may
   * come in, and what `SegmentStore.write` throws.
   */
  async ingest(request: IngestRequest): Promise<IngestAnswer> {
    const { tenant, idempotencyKey: key } = request;
    const items = parseEvents(request.body, request.ndjson, this.config.ingest.maxEventsPerRequest);
    await this.admit(tenant);
    if (key === undefined) return this.store(request, items, undefined);
    const variant = `${request.ndjson ? 'ndjson' : 'json'}${request.receipts ? ' receipts' : ''}`;
    const claimed = await reachable(this.idempotency.claim(tenant, key, request.body, variant, this.clock.now()));
    const texts = await reachable(this.sealer.prepareTexts(tenant));
    if (claimed.answer !== undefined) return answerOf(JSON.parse(texts.open(claimed.answer)) as IngestResult, true);
    const answer = await this.store(request, items, claimed);
    const sealed = texts.seal(JSON.stringify(answer.result));
    await this.idempotency.finish(tenant, key, claimed, sealed, request.receipts);
    return answer;
  }

  private async admit(tenant: string): Promise<void> {
    const admission = admit(await reachable(this.gauge.read(tenant)), this.config.ingest);
    if (admission.status === 'ok') return;
    const code = admission.status === 503 ? 'BUFFER_FULL' : 'TENANT_BUFFER_FULL';
    throw new AppError(code, admission.status, admission.message, { retryAfter: admission.retryAfter });
  }

  private async store(request: IngestRequest, items: Items, claimed: Marker | undefined): Promise<IngestAnswer> {
    const receivedAt = claimed?.receivedAt ?? this.clock.now();
    const faults = new Map<number, FieldProblem[]>();
    const days = await reachable(this.retention.of(request.tenant));
    const encoder = new RowEncoder(request.tenant, receivedAt, days, PLAIN, items.count);
    const reader = this.readers.pop() ?? new SliceReader();
    // A slice goes all the way before the next is parsed: what lives for so short costs the garbage collector nothing.
    for (let start = 0; start < items.count; start += SLICE) {
      if (start > 0) await turn();
      const good = reader.read(items, start, Math.min(start + SLICE, items.count), receivedAt, faults);
      if (good.length === 0) continue;
      encoder.use(await reachable(this.sealer.prepare(request.tenant, reader.people)));
      for (const each of good) {
        const id = claimed && derivedUuidV7(`${claimed.seed}:${each.index}`, receivedAt);
        const problems = encode(encoder, items, each, receivedAt, id);
        if (problems) faults.set(each.index, problems);
      }
    }
    this.readers.push(reader);
    const errors = listed(faults, items);
    const rejected = faults.size;
    if (encoder.count > 0 && !claimed?.done) await this.intake.accept(encoder.part());
    receivedEvents.inc({ result: 'accepted' }, encoder.count);
    receivedEvents.inc({ result: 'rejected' }, rejected);
    const answer = answerOf(
      {
        accepted: encoder.count,
        rejected,
        ids: encoder.ids(),
        errors,
        ...(rejected > errors.length && { errorsOmitted: rejected - errors.length }),
        ...(request.receipts && { receipts: encoder.receipts() }),
      },
      claimed?.done === true,
    );
    // Only now, and not after a failure: an attempt to store them may still be going on then.
    encoder.release();
    return answer;
  }
}

function listed(faults: ReadonlyMap<number, FieldProblem[]>, items: Items): IngestResult['errors'] {
  const ordered = [...faults].sort(([a], [b]) => a - b).slice(0, LISTED_ERRORS);
  return ordered.map(([index, problems]) => {
    const line = items.lineOf(index);
    return { index, ...(line !== undefined && { line }), problems: problems.slice(0, LISTED_PROBLEMS) };
  });
}

function answerOf(result: IngestResult, replayed: boolean): IngestAnswer {
  const status = result.rejected === 0 ? 202 : result.accepted > 0 ? 207 : 422;
  return { status, result, replayed };
}

/** Redis that cannot be asked is no fault of the sender. */
async function reachable<T>(work: Promise<T>): Promise<T> {
  try {
    return await inTime(work, ASK_TIMEOUT_MS);
  } catch (cause) {
    const reason = cause instanceof AppError ? cause.cause : cause;
    if (isRefused(reason)) throw refused(reason);
    if (cause instanceof AppError) throw cause;
    throw new AppError('BUFFER_UNAVAILABLE', 503, 'the buffer is not reachable; nothing was stored, send it again', {
      cause,
      retryAfter: 2,
    });
  }
}
