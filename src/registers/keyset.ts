import { z } from 'zod';
import { AppError } from '../common/app-error';

/** A place in a list that goes by time, newest first, and then by texts. */
export type Keyset = [at: number, ...texts: string[]];

const content = z.tuple([z.number().int()], z.string());

/** An opaque text that continues a list behind a place. */
export const writeKeyset = (place: Keyset): string => Buffer.from(JSON.stringify(place)).toString('base64url');

/**
 * @param length how many members the places of this list have
 * @throws AppError 400 for a text that `writeKeyset` did not make for such a list
 */
export function readKeyset(cursor: string, length: number): Keyset {
  try {
    const place = content.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (place.length === length) return place;
  } catch (cause) {
    throw refused(cause);
  }
  throw refused();
}

function refused(cause?: unknown): AppError {
  const message = 'is not one that this list gave out; start again without it';
  return new AppError('CURSOR_INVALID', 400, `cursor ${message}`, { cause, problems: [{ path: 'cursor', message }] });
}
