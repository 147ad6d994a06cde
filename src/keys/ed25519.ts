import { createPublicKey, KeyObject, verify } from 'node:crypto';

/** What stands before the raw key in its DER form (SPKI). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;

/** The 32 bytes of a public key. */
export const rawPublicKey = (key: KeyObject): Buffer =>
  key.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES);

/** Whether the Ed25519 signature is good. @param publicKey its 32 bytes */
export function isCheckpointSignature(publicKey: Buffer, bytes: Buffer, signature: Buffer): boolean {
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  return signature.length === 64 && verify(null, bytes, key, signature);
}
