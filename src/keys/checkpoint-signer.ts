import { sign } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ed25519PrivateKey } from './key-record';
import { SubjectPersister } from './key-keeper';
import { KeyRing } from './key-ring';

/** A signature and who made it. */
export interface CheckpointSignature {
  /** Number of the checkpoint key, from 1. */
  keyNumber: number;
  /** Raw Ed25519 public key, 32 bytes. */
  publicKey: Buffer;
  /** 64 bytes. */
  signature: Buffer;
}

export interface CheckpointPublicKey {
  number: number;
  publicKey: Buffer;
  /** ms since the epoch; null while it signs. */
  retiredAt: number | null;
  createdAt: number;
}

/** Signs checkpoints and certificates with the system's Ed25519 key (RFC 8032, no pre-hash). */
@Injectable()
export class CheckpointSigner {
  constructor(
    private readonly ring: KeyRing,
    private readonly persister: SubjectPersister,
  ) {}

  /**
   * Signs with a key that cannot get lost any more.
   * @throws AppError 503 `KEYS_UNAVAILABLE`; rejects too if a new key cannot be stored now
   */
  async sign(bytes: Buffer): Promise<CheckpointSignature> {
    const { number, key } = await this.ring.active('checkpoint');
    await this.persister.flush();
    const record = (await this.ring.list('checkpoint')).find((r) => r.number === number);
    if (!record) throw new Error(`checkpoint key ${number} vanished`);
    return {
      keyNumber: number,
      publicKey: Buffer.from(record.publicKey, 'base64'),
      signature: sign(null, bytes, ed25519PrivateKey(key)),
    };
  }

  /** Every key that ever signed, oldest first: old ones verify what they signed. */
  async publicKeys(): Promise<CheckpointPublicKey[]> {
    await this.ring.active('checkpoint');
    const records = await this.ring.list('checkpoint');
    // Unwrapping proves that the public key is the one that was made with the secret.
    for (const { number } of records) await this.ring.get('checkpoint', '', number);
    return records.map((r) => ({
      number: r.number,
      publicKey: Buffer.from(r.publicKey, 'base64'),
      retiredAt: r.retiredAt,
      createdAt: r.createdAt,
    }));
  }
}
