import { createHash, hash } from 'node:crypto';

/** Bytes that SHA-256 takes at a time. */
export const HMAC_BLOCK = 64;
const DIGEST = 32;

/**
 * HMAC-SHA256 (RFC 2104) under one key, for very many messages: made of two one-shot hashes, since an HMAC object of Node costs
 * three times as much as what it computes.
 */
export class HmacSigner {
  /** The key xor 0x36…, which stands before the message. */
  private readonly inner: Buffer;
  /** The key xor 0x5c…, and room for the hash of the first. */
  private readonly outer: Buffer;

  constructor(key: Buffer) {
    const block = Buffer.alloc(HMAC_BLOCK);
    (key.length > HMAC_BLOCK ? createHash('sha256').update(key).digest() : key).copy(block);
    this.inner = block.map((byte) => byte ^ 0x36) as Buffer;
    this.outer = Buffer.concat([block.map((byte) => byte ^ 0x5c), Buffer.alloc(DIGEST)]);
  }

  /**
   * @param framed HMAC_BLOCK bytes of room, which are overwritten, and the message
   * @returns the 32 bytes as text of one byte a character (`latin1`)
   */
  sign(framed: Buffer): string {
    this.inner.copy(framed);
    this.outer.write(hash('sha256', framed, 'binary'), HMAC_BLOCK, 'latin1');
    return hash('sha256', this.outer, 'binary');
  }
}
