import { setImmediate as turn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, FieldProblem } from '../common/app-error';
import { Clock } from '../common/clock';
import { Config, CONFIG } from '../config/config';
import { derivedUuidV7 } from '../events/uuid';
import { validateEvent } from '../events/validate-event';
import { admit } from './back-pressure';
import { BufferGauge } from './buffer-gauge';
import { EventIntake } from './event-intake';
import { inTime } from './in-time';
import { receivedEvents } from './ingest-metrics';
import { Idempotency, Marker } from './idempotency';
import type { IngestResult } from './ingest.schema';
import { Item, parseEvents } from './parse-events';
import { RowEncoder } from './row-encoder';

const LISTED_ERRORS = 1000;
const LISTED_PROBLEMS = 10;
/** Names that may have been meant are looked for in so many bad events of a request: looking is dear. */
const HINTED_ERRORS = 20;
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
  constructor(
    private readonly intake: EventIntake,
    private readonly gauge: BufferGauge,
    private readonly idempotency: Idempotency,
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
    if (claimed.answer !== undefined) return answerOf(JSON.parse(claimed.answer) as IngestResult, true);
    const answer = await this.store(request, items, claimed);
    await this.idempotency.finish(tenant, key, claimed, JSON.stringify(answer.result), request.receipts);
    return answer;
  }

  private async admit(tenant: string): Promise<void> {
    const admission = admit(await reachable(this.gauge.read(tenant)), this.config.ingest);
    if (admission.status === 'ok') return;
    const code = admission.status === 503 ? 'BUFFER_FULL' : 'TENANT_BUFFER_FULL';
    throw new AppError(code, admission.status, admission.message, { retryAfter: admission.retryAfter });
  }

  private async store(request: IngestRequest, items: Item[], claimed: Marker | undefined): Promise<IngestAnswer> {
    const receivedAt = claimed?.receivedAt ?? this.clock.now();
    const encoder = new RowEncoder(request.tenant, receivedAt, this.config.retention);
    const errors: IngestResult['errors'] = [];
    let rejected = 0;
    for (const [index, item] of items.entries()) {
      if (index % SLICE === SLICE - 1) await turn();
      const derivedId = claimed && (() => derivedUuidV7(`${claimed.seed}:${index}`, receivedAt));
      const problems = take(item, encoder, receivedAt, derivedId, rejected < HINTED_ERRORS);
      if (!problems) continue;
      rejected += 1;
      if (errors.length < LISTED_ERRORS) {
        const line = item.line === undefined ? {} : { line: item.line };
        errors.push({ index, ...line, problems: problems.slice(0, LISTED_PROBLEMS) });
      }
    }
    if (encoder.count > 0 && !claimed?.done) await this.intake.accept(encoder.part());
    receivedEvents.inc({ result: 'accepted' }, encoder.count);
    receivedEvents.inc({ result: 'rejected' }, rejected);
    return answerOf(
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
  }
}

/** Encodes an item if it is an event; otherwise says what is wrong with it. */
function take(
  item: Item,
  encoder: RowEncoder,
  now: number,
  derivedId: (() => string) | undefined,
  hints: boolean,
): FieldProblem[] | undefined {
  if (item.fault !== undefined) return [{ path: '', message: item.fault }];
  const result = validateEvent(item.value, { now, hints });
  if (!result.ok) return result.problems;
  const problem = encoder.add(result.event, result.type, result.event.id === undefined ? derivedId?.() : undefined);
  return problem && [problem];
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
    if (cause instanceof AppError) throw cause;
    throw new AppError('BUFFER_UNAVAILABLE', 503, 'the buffer is not reachable; nothing was stored, send it again', {
      cause,
      retryAfter: 2,
    });
  }
}
