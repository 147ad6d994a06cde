import { z } from 'zod';
import { AppError } from '../common/app-error';
import { isUuid } from '../events/uuid';

export type Order = 'asc' | 'desc';

/** The place behind one event in the order (occurredAt, id). */
export interface Place {
  /** ms since the epoch. */
  occurredAt: number;
  id: string;
}

const content = z.tuple([z.enum(['asc', 'desc']), z.number().int(), z.string().refine(isUuid)]);

/** An opaque text that continues a list in the same order behind `place`. */
export function writeCursor(order: Order, place: Place): string {
  return Buffer.from(JSON.stringify([order, place.occurredAt, place.id])).toString('base64url');
}

/** @throws AppError 400 for a text that writeCursor did not make, or that it made for the other order. */
export function readCursor(cursor: string, order: Order): Place {
  const parsed = content.safeParse(parseJson(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!parsed.success) throw refused('is not one that this API gave out; start again without it');
  const [madeFor, occurredAt, id] = parsed.data;
  if (madeFor !== order) throw refused(`belongs to order=${madeFor}; keep the order while paging`);
  return { occurredAt, id };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const refused = (message: string) =>
  new AppError('CURSOR_INVALID', 400, `cursor ${message}`, { problems: [{ path: 'cursor', message }] });
