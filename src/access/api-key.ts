import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ROLES } from './permissions';

/** What is kept of an API key. Never the key itself. */
export const apiKeyRecord = z.object({
  id: z.string(),
  tenant: z.string(),
  name: z.string(),
  /** SHA-256 of the secret part, hex. */
  hash: z.string(),
  roles: z.array(z.enum(ROLES)),
  system: z.boolean(),
  createdBy: z.string(),
  /** Ms since the epoch, as all times here. */
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  revokedAt: z.number().nullable(),
  /** Grows with every change of the record. */
  version: z.number().int(),
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecord>;

const FORM = /^mak_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;

/** A new key: `mak_<id>_<secret>`, the id public, the secret 256 random bits. */
export function makeApiKey(): { key: string; id: string; hash: string } {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return { key: `mak_${id}_${secret}`, id, hash: hashSecret(secret) };
}

/** The parts of a presented key, or undefined if it has not the form of one. */
export function parseApiKey(presented: string): { id: string; secret: string } | undefined {
  const match = FORM.exec(presented);
  return match?.[1] && match[2] ? { id: match[1], secret: match[2] } : undefined;
}

/** Whether the secret belongs to the record and the record is in force. Constant time in the secret. */
export function isValid(record: ApiKeyRecord, secret: string, now: number): boolean {
  const same = timingSafeEqual(Buffer.from(hashSecret(secret), 'hex'), Buffer.from(record.hash, 'hex'));
  return same && isInForce(record, now);
}

/** Whether a key is neither revoked nor expired. */
export function isInForce(record: ApiKeyRecord, now: number): boolean {
  return record.revokedAt === null && (record.expiresAt === null || record.expiresAt > now);
}

const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
