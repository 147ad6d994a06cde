import { z } from 'zod';
import { AppError } from '../common/app-error';
import { isUuid } from '../events/uuid';

export const STATES = ['waiting', 'replayed', 'discarded'] as const;
export type DeadLetterState = (typeof STATES)[number];

/** An event that was accepted and then refused by the store. Times in ms since the epoch. */
export interface DeadLetter {
  tenant: string;
  id: string;
  eventId: string;
  reasonCode: string;
  reason: string;
  /** As it was accepted; personal data in it is sealed. */
  envelope: string;
  /** SHA-256 of the envelope as computed at ingest, hex. */
  checksum: string;
  /** The key that signed it, 0 if none did. */
  keyId: number;
  /** HMAC-SHA256 of the envelope, hex; empty if not signed. */
  signature: string;
  /** The batch that met the refusal. */
  batch: number;
  /** Where the quarantine event stands in its place; null for a conflict of ids, which has no place. */
  leafIndex: number | null;
  state: DeadLetterState;
  createdAt: number;
  /** API key that replayed or discarded it; empty while it waits. */
  decidedBy: string;
  decidedAt: number;
  /** Why it was discarded. */
  note: string;
}

/** The place behind one letter in the order (createdAt, id), newest first. */
export interface Place {
  createdAt: number;
  id: string;
}

const place = z.tuple([z.number().int(), z.string().refine(isUuid)]);

export function writeCursor({ createdAt, id }: Place): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString('base64url');
}

/** @throws AppError 400 for a text that writeCursor did not make. */
export function readCursor(cursor: string): Place {
  const message = 'is not one that this route gave out; start again without it';
  try {
    const [createdAt, id] = place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { createdAt, id };
  } catch (cause) {
    throw new AppError('CURSOR_INVALID', 400, `cursor ${message}`, { cause, problems: [{ path: 'cursor', message }] });
  }
}
