/**
 * A row is an event on its way: what ingest makes, Redis carries, the writer completes and ClickHouse reads as it is
 * (`FORMAT RowBinary`, `ROW_STRUCTURE`). It is never re-serialised; the writer only fills in the leaf index.
 *
 *   offset  bytes  field
 *        0      1  flags: bit 0 = the id was given by the sender, so it may have been seen before
 *        1     16  id, raw bytes of the UUID
 *       17     32  checksum: SHA-256 of the envelope
 *       49      4  key_id: number of the signing key, 0 = not signed (little endian)
 *       53     32  signature: HMAC-SHA256 of the envelope, zeros if not signed
 *       85      8  leaf_index (little endian), zero until the writer assigns it
 *       93   1..3  length of the envelope (LEB128)
 *        …      n  envelope, UTF-8, canonical JSON
 */
export const ROW_STRUCTURE =
  'flags UInt8, row_id FixedString(16), checksum FixedString(32), key_id UInt32, signature FixedString(32), ' +
  'leaf_index UInt64, envelope String';

export const FLAG_ID_GIVEN = 1;
const ID = 1;
const CHECKSUM = 17;
const KEY_ID = 49;
const SIGNATURE = 53;
const LEAF = 85;
const LENGTH = 93;
/** Bytes of checksums and signatures. */
export const DIGEST = 32;

/** The longest envelope, in bytes: entry bundles of the ledger carry a 16-bit length. */
export const MAX_ENVELOPE_BYTES = 65_535;

/** Before an envelope stand the head and, as long as it has 128 to 16,383 bytes, two bytes of its length. */
const USUAL_HEAD = LENGTH + 2;
const [ONE_BYTE, TWO_BYTES] = [128, 16_384] as const;

/** Where the envelope of a row is written that begins at `start`; see `closeRow`. */
export const envelopePlace = (start: number): number => start + USUAL_HEAD;

/** What a row says beside its envelope, but for its leaf. */
export interface RowHead {
  flags: number;
  /** 16 bytes. */
  id: Uint8Array;
  /** SHA-256 of the envelope as text of one byte a character: a Buffer of its own for each costs more than the hash. */
  checksum: string;
  /** 0: not signed. */
  keyId: number;
  /** 32 bytes, as text of one byte a character. */
  signature: string | undefined;
}

/**
 * Makes a row of an envelope of `length` bytes that stands at `envelopePlace(start)`.
 * @param out has room for rowSize(length) bytes from `start` on, and for one more
 * @returns the offset behind the row; the envelope now ends there
 */
export function closeRow(out: Buffer, start: number, length: number): number {
  const size = rowSize(length);
  const end = start + size;
  if (size !== USUAL_HEAD + length) out.copyWithin(end - length, start + USUAL_HEAD, start + USUAL_HEAD + length);
  writeLength(out, start + LENGTH, length);
  return end;
}

function writeLength(out: Buffer, offset: number, length: number): void {
  let at = offset;
  let rest = length;
  while (rest > 127) {
    out[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[at] = rest;
}

/** Writes the head of a row, as `RowHead` says it; it is not signed and has no leaf yet. */
export function writeHead(out: Buffer, start: number, flags: number, id: Uint8Array, checksum: string): void {
  out[start] = flags;
  for (let i = 0; i < 16; i++) out[start + ID + i] = id[i] as number;
  out.write(checksum, start + CHECKSUM, 'latin1');
  for (let at = start + KEY_ID; at < start + LENGTH; at++) out[at] = 0;
}

/**
 * Writes one row as a whole; returns the offset behind it. `out` needs rowSize(envelope.length) bytes from `offset` on.
 * @param envelope UTF-8
 */
export function writeRow(out: Buffer, offset: number, head: RowHead, envelope: Buffer): number {
  const { keyId, signature } = head;
  const end = offset + rowSize(envelope.length);
  envelope.copy(out, end - envelope.length);
  writeLength(out, offset + LENGTH, envelope.length);
  writeHead(out, offset, head.flags, head.id, head.checksum);
  if (signature !== undefined) signRow(out, offset, keyId, Buffer.from(signature, 'latin1'));
  return end;
}

/** Copies the checksum of the row that begins at `start` to `place` of `to`. */
export function copyChecksum(payload: Buffer, start: number, to: Uint8Array, place: number): void {
  for (let i = 0; i < DIGEST; i++) to[place + i] = payload[start + CHECKSUM + i] as number;
}

/** Signs the row that begins at `start`: the signature is the 32 bytes of `signatures` from `place` on. */
export function signRow(out: Buffer, start: number, keyId: number, signatures: Uint8Array, place = 0): void {
  out.writeUInt32LE(keyId, start + KEY_ID);
  for (let i = 0; i < DIGEST; i++) out[start + SIGNATURE + i] = signatures[place + i] as number;
}

/** Bytes that a row takes whose envelope has `envelopeBytes` bytes. */
export function rowSize(envelopeBytes: number): number {
  return LENGTH + (envelopeBytes < ONE_BYTE ? 1 : envelopeBytes < TWO_BYTES ? 2 : 3) + envelopeBytes;
}

/** A view of one row inside a buffer; nothing is copied. */
export interface RowView {
  /** Offset of the row and of the byte behind it. */
  start: number;
  end: number;
  /** Offset of the envelope's first byte. */
  envelopeStart: number;
}

/** Where the rows of a payload begin, and where the last one ends. @throws RangeError if it does not end with a whole row */
export function rowStarts(payload: Buffer): Uint32Array {
  const starts: number[] = [];
  let start = 0;
  while (start < payload.length) {
    starts.push(start);
    start = endOf(payload, start);
    if (start > payload.length) throw cut(starts.at(-1));
  }
  return Uint32Array.from(starts.concat(start));
}

/** Finds the rows of a payload. @throws RangeError if it does not end with a whole row */
export function findRows(payload: Buffer): RowView[] {
  const starts = rowStarts(payload);
  return Array.from(starts.subarray(0, -1), (start, i) => rowAt(payload, start, starts[i + 1] as number));
}

/** The row from `start` to before `end`. */
export function rowAt(payload: Buffer, start: number, end: number): RowView {
  let at = start + LENGTH;
  while ((payload[at] as number) > 127) at++;
  return { start, end, envelopeStart: at + 1 };
}

/** Where a row ends that begins at `start`, by its length. */
function endOf(payload: Buffer, start: number): number {
  let at = start + LENGTH;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = payload[at++];
    if (byte === undefined) throw cut(start);
    length |= (byte & 127) << shift;
    if (byte < 128) return at + length;
  }
}

const cut = (start: number | undefined) => new RangeError(`payload ends inside the row at byte ${start}`);

export const rowFlags = (payload: Buffer, row: Pick<RowView, 'start'>): number => payload[row.start] ?? 0;
export const rowId = (payload: Buffer, row: Pick<RowView, 'start'>): Buffer =>
  payload.subarray(row.start + ID, row.start + CHECKSUM);
export const rowChecksum = (payload: Buffer, row: RowView): Buffer =>
  payload.subarray(row.start + CHECKSUM, row.start + KEY_ID);
/** Number of the key that signed it, 0 = not signed. */
export const rowKeyId = (payload: Buffer, row: RowView): number => payload.readUInt32LE(row.start + KEY_ID);
export const rowSignature = (payload: Buffer, row: RowView): Buffer =>
  payload.subarray(row.start + SIGNATURE, row.start + LEAF);
export const rowEnvelope = (payload: Buffer, row: RowView): string =>
  payload.toString('utf8', row.envelopeStart, row.end);

/** Sets the leaf index of a row in place. */
export function setLeafIndex(payload: Buffer, row: Pick<RowView, 'start'>, leafIndex: number): void {
  const at = row.start + LEAF;
  let low = leafIndex >>> 0;
  let high = Math.floor(leafIndex / 0x1_0000_0000);
  for (let i = 0; i < 4; i++, low >>>= 8, high >>>= 8) {
    payload[at + i] = low & 0xff;
    payload[at + 4 + i] = high & 0xff;
  }
}
