import { createCipheriv, createDecipheriv, createHmac, randomFillSync, timingSafeEqual } from 'node:crypto';
import { AppError } from '../common/app-error';

/** Sealed bytes: nonce (12), ciphertext, tag (16). */
const NONCE = 12;
const TAG = 16;
export const KEY_BYTES = 32;

/** Where short texts are sealed: Buffers of their own cost as much as half of the sealing. */
const desk = Buffer.alloc(8192);
const deskNonce = desk.subarray(0, NONCE);

/**
 * Seals `plain` with AES-256-GCM under a random 96-bit nonce. `bound` says what the bytes belong to and has to be given
 * again to open them. A key may seal 2^32 times.
 */
export function seal(key: Buffer, plain: string | Buffer, bound: string): Buffer {
  const text = typeof plain === 'string' ? Buffer.from(plain) : plain;
  const out = Buffer.allocUnsafe(NONCE + text.length + TAG);
  sealInto(out, out.subarray(0, NONCE), key, text, bound);
  return out;
}

/** The same of a text, as base64url. */
export function sealText(key: Buffer, plain: string, bound: string): string {
  // A character takes at most three bytes.
  if (NONCE + 3 * plain.length + TAG > desk.length) return seal(key, plain, bound).toString('base64url');
  const end = NONCE + desk.write(plain, NONCE);
  sealInto(desk, deskNonce, key, desk.subarray(NONCE, end), bound);
  return desk.toString('base64url', 0, end + TAG);
}

function sealInto(out: Buffer, nonce: Buffer, key: Buffer, text: Buffer, bound: string): void {
  writeNonce(nonce);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(bound));
  out.set(cipher.update(text), NONCE);
  cipher.final();
  out.set(cipher.getAuthTag(), NONCE + text.length);
}

/** @throws AppError `SEAL_BROKEN` if the bytes were altered, belong to something else, or were sealed under another key. */
export function open(key: Buffer, sealed: Buffer, bound: string): Buffer {
  if (sealed.length < NONCE + TAG) throw broken(undefined);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAAD(Buffer.from(bound));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    const body = decipher.update(sealed.subarray(NONCE, sealed.length - TAG));
    return Buffer.concat([body, decipher.final()]);
  } catch (cause) {
    throw broken(cause);
  }
}

const broken = (cause: unknown) =>
  new AppError('SEAL_BROKEN', 500, 'sealed data was altered, moved, or sealed under another key', { cause });

/** One text for a list of parts, so that different lists never give the same text. */
export const binding = (...parts: (string | number)[]): string => JSON.stringify(parts);

/** What JSON escapes, and whatever is not ASCII. */
const UNUSUAL = /["\\]|[^ -~]/;
const quoted = (text: string): string => (UNUSUAL.test(text) ? JSON.stringify(text) : `"${text}"`);

/** What a sealed field of an event is bound to: `binding('field', …)`, which is asked for so often that it is put together here. */
export const fieldBinding = (tenant: string, eventId: string, field: string): string =>
  `["field",${quoted(tenant)},${quoted(eventId)},${quoted(field)}]`;

export const hmacSha256 = (key: Buffer, message: string | Buffer): Buffer =>
  createHmac('sha256', key).update(message).digest();

/** Whether `signature` is the HMAC-SHA256 of the message; in constant time. */
export function isHmacSha256(key: Buffer, message: string | Buffer, signature: Buffer): boolean {
  return signature.length === 32 && timingSafeEqual(hmacSha256(key, message), signature);
}

// Asking the system for 12 bytes at a time costs as much as sealing with them.
const pool = Buffer.alloc(NONCE * 512);
let used = pool.length;

function writeNonce(out: Buffer): void {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(out, 0, used, used + NONCE);
  used += NONCE;
}
