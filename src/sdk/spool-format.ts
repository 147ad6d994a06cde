import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * A spool file is a header and records that are only ever appended; a torn tail is no fault.
 *
 *   header: "MASPOOL1" (8) · salt (16) · check of the key (16)
 *   record: length of the sealed part (4, big endian) · CRC-32 of all that follows (4) · batch id (16) · count of events (4) ·
 *           nonce (12) · AES-256-GCM of the batch's body · tag (16)
 *
 * The key of a file is HKDF-SHA256 of the secret with the file's salt. A record is bound to its file and place: salt, offset,
 * id and count are authenticated with it.
 */
const MAGIC = Buffer.from('MASPOOL1');
const SALT_BYTES = 16;
const CHECK_BYTES = 16;
export const HEADER_BYTES = MAGIC.length + SALT_BYTES + CHECK_BYTES;
const ID_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 4 + 4 + ID_BYTES + 4;
/** Longest sealed part that is believed; anything longer is damage. */
const MAX_SEALED = 64 * 1024 * 1024;

export interface FileKey {
  key: Buffer;
  salt: Buffer;
}

/** Where a record stands in its file, and what of it is not secret. */
export interface RecordPlace {
  id: string;
  count: number;
  offset: number;
  /** Bytes of the whole record. */
  length: number;
}

/** Header and key of a new file. */
export function newFile(secret: string): { header: Buffer; fileKey: FileKey } {
  const salt = randomBytes(SALT_BYTES);
  const { key, check } = derive(secret, salt);
  return { header: Buffer.concat([MAGIC, salt, check]), fileKey: { key, salt } };
}

/** The key of a file, if one of the secrets made it; undefined if none did or if this is no spool file. */
export function openFile(header: Buffer, secrets: readonly string[]): FileKey | undefined {
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const salt = header.subarray(MAGIC.length, MAGIC.length + SALT_BYTES);
  const expected = header.subarray(HEADER_BYTES - CHECK_BYTES, HEADER_BYTES);
  for (const secret of secrets) {
    const { key, check } = derive(secret, salt);
    if (timingSafeEqual(check, expected)) return { key, salt: Buffer.from(salt) };
  }
  return undefined;
}

function derive(secret: string, salt: Buffer): { key: Buffer; check: Buffer } {
  const bytes = Buffer.from(hkdfSync('sha256', secret, salt, 'mcp-audit sdk spool v1', 32 + CHECK_BYTES));
  return { key: bytes.subarray(0, 32), check: bytes.subarray(32) };
}

/** A record that will stand at `offset`. */
export function encodeRecord({ key, salt }: FileKey, offset: number, id: string, count: number, body: Buffer): Buffer {
  const head = Buffer.alloc(ID_BYTES + 4);
  head.write(id, 'hex');
  head.writeUInt32BE(count, ID_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(salt, offset, head));
  const sealed = Buffer.concat([nonce, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(sealed.length, 0);
  prefix.writeUInt32BE(crc32(sealed, crc32(head)), 4);
  return Buffer.concat([prefix, head, sealed]);
}

/** The body of a record. @throws Error if it is not what was written there */
export function decodeRecord({ key, salt }: FileKey, offset: number, record: Buffer): Buffer {
  const head = record.subarray(8, HEAD_BYTES);
  const nonce = record.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const tag = record.subarray(record.length - TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(salt, offset, head)).setAuthTag(tag);
  const sealed = record.subarray(HEAD_BYTES + NONCE_BYTES, record.length - TAG_BYTES);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

const boundTo = (salt: Buffer, offset: number, head: Buffer): Buffer => {
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(offset));
  return Buffer.concat([salt, place, head]);
};

/**
 * The whole records of a file. `end` is where they end: what follows was torn by a crash, or is damaged, and counts as never
 * written.
 */
export function findRecords(file: Buffer): { records: RecordPlace[]; end: number } {
  const records: RecordPlace[] = [];
  let offset = HEADER_BYTES;
  while (offset + HEAD_BYTES <= file.length) {
    const sealed = file.readUInt32BE(offset);
    const length = HEAD_BYTES + sealed;
    if (sealed < NONCE_BYTES + TAG_BYTES || sealed > MAX_SEALED || offset + length > file.length) break;
    const crc = file.readUInt32BE(offset + 4);
    if (crc32(file.subarray(offset + 8, offset + length)) !== crc) break;
    const id = file.toString('hex', offset + 8, offset + 8 + ID_BYTES);
    records.push({ id, count: file.readUInt32BE(offset + 8 + ID_BYTES), offset, length });
    offset += length;
  }
  return { records, end: offset };
}
