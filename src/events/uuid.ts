import { createHash, randomFillSync } from 'node:crypto';

const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** A UUID of any version in the usual form with hyphens, in either case. */
export const isUuid = (text: string): boolean => FORM.test(text);

/** The 16 bytes of a UUID in its usual form. */
export function uuidToBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

const DIGITS = Buffer.from('0123456789abcdef', 'latin1');
/** Where each byte's two digits stand in the usual form. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const text = Buffer.alloc(36, '-');

/** The usual form, in lower case, of 16 bytes. Written in one piece: parts that are put together cost more than twice as much. */
export function uuidFromBytes(bytes: Uint8Array): string {
  for (let i = 0; i < PLACES.length; i++) {
    const [place, byte] = [PLACES[i] as number, bytes[i] as number];
    text[place] = DIGITS[byte >> 4] as number;
    text[place + 1] = DIGITS[byte & 0xf] as number;
  }
  return text.toString('latin1');
}

const pool = Buffer.alloc(4096);
let poolAt = pool.length;
let lastMs = 0;
let counter = 0;

/**
 * The bytes of a new UUIDv7 (RFC 9562, fixed-length counter): `now` in ms, a counter of 12 bits that rises within the
 * same ms, 62 random bits. Those made by one process rise strictly, also when the clock steps back.
 */
export function uuidV7Bytes(now: number): Buffer {
  if (poolAt + 10 > pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  if (now > lastMs) {
    lastMs = now;
    counter = pool.readUInt16LE(poolAt) & 0x7ff;
  } else if (++counter > 0xfff) {
    lastMs += 1;
    counter = 0;
  }
  const bytes = Buffer.allocUnsafe(16);
  pool.copy(bytes, 8, poolAt + 2, poolAt + 10);
  poolAt += 10;
  bytes.writeUInt16BE(counter, 6);
  return stamp(bytes, lastMs);
}

/** A new UUIDv7, see `uuidV7Bytes`. */
export const uuidV7 = (now: number): string => uuidFromBytes(uuidV7Bytes(now));

/** The UUIDv7 that `seed` and `ms` always give: what is random in others comes from SHA-256 of the seed. */
export function derivedUuidV7(seed: Uint8Array | string, ms: number): string {
  const digest = createHash('sha256').update(seed).digest();
  const bytes = Buffer.alloc(16);
  digest.copy(bytes, 6, 0, 10);
  return uuidFromBytes(stamp(bytes, ms));
}

function stamp(bytes: Buffer, ms: number): Buffer {
  bytes.writeUIntBE(ms, 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}
