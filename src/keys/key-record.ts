import { createPrivateKey, generateKeyPairSync, KeyObject, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { binding, KEY_BYTES, open, seal } from './crypto';
import { rawPublicKey } from './ed25519';
import type { RootKey, RootKeys } from './root-key';

/**
 * `tenant` wraps the data keys of a tenant's subjects, `lookup` hashes their ids (and is never rotated, since all hashes
 * hang on it), `signing` signs events, `checkpoint` signs checkpoints and certificates (Ed25519).
 */
export const KEY_KINDS = ['tenant', 'lookup', 'signing', 'checkpoint'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** A key as it is stored: wrapped by the root key. */
export const keyRecord = z.object({
  kind: z.enum(KEY_KINDS),
  /** Empty for keys of the whole system. */
  tenant: z.string(),
  /** From 1; the highest of its kind and tenant is the active one. */
  number: z.number().int().positive(),
  /** base64 */
  wrapped: z.string(),
  /** Raw Ed25519 public key, base64; empty for secret keys. */
  publicKey: z.string(),
  rootId: z.string(),
  /** ms since the epoch, as all times here. */
  createdAt: z.number(),
  retiredAt: z.number().nullable(),
  /** Grows with every change of the record. */
  version: z.number().int(),
});
export type KeyRecord = z.infer<typeof keyRecord>;

/** Identifies a record: the field of Redis' hash. */
export const keyName = (record: Pick<KeyRecord, 'kind' | 'tenant' | 'number'>): string =>
  `${record.kind}:${record.tenant}:${record.number}`;

/** The public key is bound too: nobody can put another one beside the secret. */
const bound = (record: Pick<KeyRecord, 'kind' | 'tenant' | 'number' | 'publicKey'>) =>
  binding('key', record.kind, record.tenant, record.number, record.publicKey);

/** A new random key. The secret part of an Ed25519 key is its 32-byte seed. */
export function makeKey(kind: KeyKind, tenant: string, number: number, root: RootKey, now: number): KeyRecord {
  const { secret, publicKey } =
    kind === 'checkpoint' ? makeEd25519() : { secret: randomBytes(KEY_BYTES), publicKey: '' };
  const wrapped = seal(root.key, secret, bound({ kind, tenant, number, publicKey })).toString('base64');
  return { kind, tenant, number, wrapped, publicKey, rootId: root.id, createdAt: now, retiredAt: null, version: 1 };
}

/** @throws AppError `ROOT_KEY_WRONG` or `SEAL_BROKEN` */
export function unwrapKey(record: KeyRecord, roots: RootKeys): Buffer {
  return open(roots.byId(record.rootId), Buffer.from(record.wrapped, 'base64'), bound(record));
}

/** The same key wrapped by another root key. */
export function rewrapKey(record: KeyRecord, roots: RootKeys, root: RootKey): KeyRecord {
  const wrapped = seal(root.key, unwrapKey(record, roots), bound(record)).toString('base64');
  return { ...record, wrapped, rootId: root.id, version: record.version + 1 };
}

// RFC 8410: what stands before the 32 bytes of an Ed25519 key in its DER forms.
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

function makeEd25519(): { secret: Buffer; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    secret: privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PRIVATE_PREFIX.length),
    publicKey: rawPublicKey(publicKey).toString('base64'),
  };
}

export const ed25519PrivateKey = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' });
