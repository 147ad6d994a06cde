import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { SEVERITIES, Severity } from '../events/event-types';
import type { BuiltEvent } from './build-event';
import type { Delivered } from './types';

/** Told once what became of an event. */
export type Waiter = (outcome: Delivered) => void;

/** Events of one severity that are sent in one request. Its body never changes, so that it can be repeated. */
export interface Batch {
  /** Key of idempotency: 32 hex digits. */
  id: string;
  severity: Severity;
  count: number;
  /** NDJSON, compressed. */
  body: Buffer;
  /** One for each event, in order; none once they were told. */
  waiters: Waiter[];
  /** Whether an attempt ended without an answer, so that the server may have taken the events already. */
  unsure: boolean;
}

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** Most of what higher levels save, at a third of their price. */
const GZIP_LEVEL = 3;

export const SEVERITY_RANKS: Readonly<Record<Severity, number>> = Object.fromEntries(
  SEVERITIES.map((severity, rank) => [severity, rank]),
) as Record<Severity, number>;

export async function makeBatch(
  severity: Severity,
  lines: readonly string[],
  waiters: Waiter[],
  id = newBatchId(),
): Promise<Batch> {
  const body = await zip(lines.join('\n'), { level: GZIP_LEVEL });
  return { id, severity, count: lines.length, body, waiters, unsure: false };
}

/** From random bytes that Node draws ahead: `randomBytes` asks the system each time, in the caller's turn. */
export const newBatchId = (): string => randomUUID().replaceAll('-', '');

/** The events of a batch, one line each. */
export async function linesOf(batch: Batch): Promise<string[]> {
  return (await unzip(batch.body)).toString('utf8').split('\n');
}

/** The events of a batch in two, for a server that takes less at a time. */
export async function halves(batch: Batch): Promise<[Batch, Batch]> {
  const lines = await linesOf(batch);
  const middle = lines.length >> 1;
  return Promise.all([
    makeBatch(batch.severity, lines.slice(0, middle), batch.waiters.slice(0, middle)),
    makeBatch(batch.severity, lines.slice(middle), batch.waiters.slice(middle)),
  ]);
}

/** Tells whoever waits for the batch as a whole, once. */
export function tell(batch: Batch, outcome: Delivered): void {
  const { waiters } = batch;
  batch.waiters = [];
  for (const waiter of waiters) waiter(outcome);
}

/** Events of one severity that collect until they become a batch. */
export class Lot {
  readonly id = newBatchId();
  readonly lines: string[] = [];
  readonly waiters: Waiter[] = [];
  /** UTF-16 units, which is near enough to bytes. */
  size = 0;

  constructor(readonly severity: Severity) {}

  add(event: BuiltEvent, waiter: Waiter): void {
    this.lines.push(event.line);
    this.waiters.push(waiter);
    this.size += event.line.length;
  }
}
