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

/** The longest envelope, in bytes: entry bundles of the ledger carry a 16-bit length. */
export const MAX_ENVELOPE_BYTES = 65_535;

/** What a row says beside its envelope. Hash and signature as text of one byte a character. */
export interface RowHead {
  flags: number;
  id: Uint8Array;
  checksum: string;
  keyId: number;
  signature: string | undefined;
}

/**
 * Writes one row into `out` at `offset`; returns the offset behind it. `out` needs rowSize(envelope.length) bytes there.
 * @param envelope UTF-8
 */
export function writeRow(out: Buffer, offset: number, head: RowHead, envelope: Buffer): number {
  out[offset] = head.flags;
  out.set(head.id, offset + ID);
  out.write(head.checksum, offset + CHECKSUM, 'latin1');
  out.writeUInt32LE(head.keyId, offset + KEY_ID);
  if (head.signature !== undefined) out.write(head.signature, offset + SIGNATURE, 'latin1');
  else out.fill(0, offset + SIGNATURE, offset + LEAF);
  out.fill(0, offset + LEAF, offset + LENGTH);
  let at = offset + LENGTH;
  let rest = envelope.length;
  while (rest > 127) {
    out[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[at++] = rest;
  envelope.copy(out, at);
  return at + envelope.length;
}

/** Bytes that a row takes whose envelope has `envelopeBytes` bytes. */
export function rowSize(envelopeBytes: number): number {
  return LENGTH + (envelopeBytes < 128 ? 1 : envelopeBytes < 16_384 ? 2 : 3) + envelopeBytes;
}

/** A view of one row inside a buffer; nothing is copied. */
export interface RowView {
  /** Offset of the row and of the byte behind it. */
  start: number;
  end: number;
  /** Offset of the envelope's first byte. */
  envelopeStart: number;
}

/** Finds the rows of a payload. Throws if the buffer does not end with a whole row. */
export function findRows(payload: Buffer): RowView[] {
  const rows: RowView[] = [];
  let start = 0;
  while (start < payload.length) {
    let at = start + LENGTH;
    let length = 0;
    let shift = 0;
    for (;;) {
      const byte = payload[at++];
      if (byte === undefined) throw new RangeError(`payload ends inside the row at byte ${start}`);
      length |= (byte & 127) << shift;
      if (byte < 128) break;
      shift += 7;
    }
    const end = at + length;
    if (end > payload.length) throw new RangeError(`payload ends inside the row at byte ${start}`);
    rows.push({ start, end, envelopeStart: at });
    start = end;
  }
  return rows;
}

export const rowFlags = (payload: Buffer, row: RowView): number => payload[row.start] ?? 0;
export const rowId = (payload: Buffer, row: RowView): Buffer => payload.subarray(row.start + ID, row.start + CHECKSUM);
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
  payload.writeUInt32LE(leafIndex >>> 0, row.start + LEAF);
  payload.writeUInt32LE(Math.floor(leafIndex / 0x1_0000_0000), row.start + LEAF + 4);
}
