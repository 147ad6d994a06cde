import { Batch, linesOf } from './batch';
import { AuditError, reasonOf, RejectedItem } from './errors';
import type { HttpAnswer, HttpClient } from './http-client';
import type { Receipt } from './receipts';
import { retryAfterMs } from './retry';

/** What one attempt to send a batch came to. */
export type Attempt =
  /** The server has decided on every event; `rejected` holds the places of those that it will never take. */
  | { kind: 'decided'; rejected: Map<number, RejectedItem>; receipts: Receipt[] }
  /** Too much at once for the server. */
  | { kind: 'too-large' }
  /** Nothing was decided. `unsure`: the server may have taken the events all the same. */
  | { kind: 'again'; error: AuditError; afterMs: number | undefined; unsure: boolean };

interface Answer {
  accepted: number;
  rejected: number;
  errors: { index: number; problems: { path: string; message: string }[] }[];
  receipts?: { id: string; leafHash: string }[];
}

/** Faults of a request that repeating it does not mend, by the code in our problem documents. */
const HOPELESS = new Set(['BODY_INVALID', 'NO_EVENTS', 'MEDIA_TYPE_UNSUPPORTED', 'IDEMPOTENCY_KEY_INVALID']);

/** Sends one batch, once. Never rejects. */
export async function sendBatch(
  client: HttpClient,
  batch: Batch,
  wantReceipts: boolean,
  now: () => number,
): Promise<Attempt> {
  const path = `audit/api/events${wantReceipts ? '?receipts=true' : ''}`;
  const headers = {
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
    'idempotency-key': `sdk-${batch.id}${wantReceipts ? '' : '-n'}`,
  };
  let answer: HttpAnswer;
  try {
    answer = await client.request('POST', path, headers, batch.body);
    // The key is taken by something else: then the ids of the events alone make sure that none is stored twice.
    if (answer.status === 409) answer = await client.request('POST', path, withoutKey(headers), batch.body);
  } catch (cause) {
    const error = new AuditError('UNAVAILABLE', `the audit system cannot be reached: ${reasonOf(cause)}`, { cause });
    return { kind: 'again', error, afterMs: undefined, unsure: !isRefusedConnection(cause) };
  }
  const body = parsed(answer.body);
  if ([202, 207, 422].includes(answer.status) && isAnswer(body)) return decided(batch, body, now());
  const { code, detail } = problemOf(body);
  if (answer.status === 413) return batch.count > 1 ? { kind: 'too-large' } : hopeless(batch, 'the event is too large');
  if (code !== undefined && HOPELESS.has(code)) return hopeless(batch, detail ?? code);
  const denied = answer.status === 401 || answer.status === 403;
  const said = `the audit system answered ${answer.status}${detail === undefined ? '' : `: ${detail}`}`;
  return {
    kind: 'again',
    error: new AuditError(denied ? 'UNAUTHORIZED' : 'UNAVAILABLE', said),
    afterMs: retryAfterMs(answer.headers['retry-after'], now()),
    unsure: answer.status >= 500 && answer.status !== 503,
  };
}

const withoutKey = ({ 'idempotency-key': _, ...headers }: Record<string, string>) => headers;

async function decided(batch: Batch, answer: Answer, at: number): Promise<Attempt> {
  const receipts = (answer.receipts ?? []).map(({ id, leafHash }) => ({ id, leafHash, at, unsure: batch.unsure }));
  const rejected = new Map<number, RejectedItem>();
  if (answer.rejected > 0) {
    const ids = await idsOf(batch);
    for (const { index, problems } of answer.errors) rejected.set(index, { id: ids[index] ?? '', problems });
  }
  return { kind: 'decided', rejected, receipts };
}

async function hopeless(batch: Batch, why: string): Promise<Attempt> {
  const problems = [{ path: '', message: why }];
  const ids = await idsOf(batch);
  return { kind: 'decided', rejected: new Map(ids.map((id, index) => [index, { id, problems }])), receipts: [] };
}

async function idsOf(batch: Batch): Promise<string[]> {
  return (await linesOf(batch)).map((line) => (JSON.parse(line) as { id: string }).id);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isAnswer(value: unknown): value is Answer {
  const answer = value as Partial<Answer> | undefined | null;
  return typeof answer?.accepted === 'number' && typeof answer.rejected === 'number' && Array.isArray(answer.errors);
}

function problemOf(value: unknown): { code?: string; detail?: string } {
  const { code, detail } = (value ?? {}) as { code?: unknown; detail?: unknown };
  return { ...(typeof code === 'string' && { code }), ...(typeof detail === 'string' && { detail }) };
}

/** A connection that never stood carried nothing. */
function isRefusedConnection(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(String(code));
}
