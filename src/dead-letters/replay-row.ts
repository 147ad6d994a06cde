import { createHash } from 'node:crypto';
import { FLAG_ID_GIVEN, rowSize, writeRow } from '../events/row';
import { uuidToBytes } from '../events/uuid';
import type { DeadLetter } from './dead-letter';

/**
 * The row of a dead letter as it was accepted, with its own hash and signature. Its id counts as given, so that the writer
 * drops it if the event has come into the log by another way. Undefined if the envelope is not the one that was accepted.
 */
export function replayRow(letter: DeadLetter): Buffer | undefined {
  const envelope = Buffer.from(letter.envelope);
  const checksum = createHash('sha256').update(envelope).digest();
  if (checksum.toString('hex') !== letter.checksum) return undefined;
  const row = Buffer.alloc(rowSize(envelope.length));
  const signature = letter.keyId === 0 ? undefined : Buffer.from(letter.signature, 'hex').toString('latin1');
  const head = { id: uuidToBytes(letter.eventId), checksum: checksum.toString('latin1'), keyId: letter.keyId };
  writeRow(row, 0, { ...head, flags: FLAG_ID_GIVEN, signature }, envelope);
  return row;
}

/**
 * A time, ms since the epoch, before which the event of a letter was not received; long before the letter was made, if that
 * met a replay. (A member of this name in `details` can make it earlier, which only makes the writer search longer.)
 */
export function receiptOf(letter: DeadLetter): number {
  const said = /"receivedAt":"([^"]+)"/.exec(letter.envelope)?.[1];
  const receivedAt = said === undefined ? Number.NaN : Date.parse(said);
  return Number.isNaN(receivedAt) ? letter.createdAt : Math.min(receivedAt, letter.createdAt);
}
