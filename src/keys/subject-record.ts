import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { binding, hmacSha256, KEY_BYTES, open, seal } from './crypto';
import type { Key } from './key-ring';

/** What stands behind a reference. The id of the person is in it, sealed under the person's own key. */
export interface SubjectRecord {
  tenant: string;
  /** `sub_` and 128 random bits. */
  reference: string;
  /** Keyed hash of the id. */
  lookup: string;
  /** Tenant key that wraps the data key. */
  keyNumber: number;
  /** base64, as the next. */
  wrapped: string;
  sealedId: string;
  /** ms since the epoch. */
  createdAt: number;
  version: number;
}

/** A subject ready to seal and open fields with. */
export interface SubjectKey {
  reference: string;
  key: Buffer;
}

/** Whether a text has the form of a reference. */
export const isReference = (text: string): boolean => /^sub_[A-Za-z0-9_-]{22}$/.test(text);

/** The first 128 bits of the HMAC of the id: enough for as many people as there are, and half the memory. */
export const lookupOf = (lookupKey: Buffer, id: string): string =>
  hmacSha256(lookupKey, id).subarray(0, 16).toString('base64url');

const keyBinding = (tenant: string, reference: string, keyNumber: number) =>
  binding('subject', tenant, reference, keyNumber);
const idBinding = (tenant: string, reference: string) => binding('subject id', tenant, reference);

/** A new subject with a new key. */
export function makeSubject(
  tenant: string,
  id: string,
  lookup: string,
  wrapping: Key,
  now: number,
): { record: SubjectRecord; key: Buffer } {
  const reference = `sub_${randomBytes(16).toString('base64url')}`;
  const key = randomBytes(KEY_BYTES);
  const wrapped = seal(wrapping.key, key, keyBinding(tenant, reference, wrapping.number)).toString('base64');
  const sealedId = seal(key, id, idBinding(tenant, reference)).toString('base64');
  return {
    key,
    record: { tenant, reference, lookup, keyNumber: wrapping.number, wrapped, sealedId, createdAt: now, version: 1 },
  };
}

/** @param wrappingKey the tenant key `record.keyNumber` */
export const openSubject = (record: SubjectRecord, wrappingKey: Buffer): Buffer =>
  open(
    wrappingKey,
    Buffer.from(record.wrapped, 'base64'),
    keyBinding(record.tenant, record.reference, record.keyNumber),
  );

/** The id of the person. */
export const openSubjectId = (record: SubjectRecord, key: Buffer): string =>
  open(key, Buffer.from(record.sealedId, 'base64'), idBinding(record.tenant, record.reference)).toString('utf8');

/** The same subject key under another tenant key. */
export function rewrapSubject(record: SubjectRecord, oldKey: Buffer, wrapping: Key): SubjectRecord {
  const key = openSubject(record, oldKey);
  const wrapped = seal(wrapping.key, key, keyBinding(record.tenant, record.reference, wrapping.number));
  return { ...record, keyNumber: wrapping.number, wrapped: wrapped.toString('base64'), version: record.version + 1 };
}

const packed = z.tuple([z.string(), z.number(), z.string(), z.string(), z.number(), z.number()]);

/** The form in Redis; there are many, so it is short. */
export const packSubject = (r: SubjectRecord): string =>
  JSON.stringify([r.reference, r.keyNumber, r.wrapped, r.sealedId, r.createdAt, r.version]);

export function unpackSubject(tenant: string, lookup: string, text: string): SubjectRecord {
  const [reference, keyNumber, wrapped, sealedId, createdAt, version] = packed.parse(JSON.parse(text));
  return { tenant, lookup, reference, keyNumber, wrapped, sealedId, createdAt, version };
}
