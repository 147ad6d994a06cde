import { Injectable } from '@nestjs/common';
import { HmacSigner } from '../keys/hmac-signer';
import { KeyRing } from '../keys/key-ring';
import { rowKey } from './verify-rows';

/** What the signatures of a range of rows come to. */
export interface CheckedSignatures {
  signed: number;
  /** By `rowKey`: why the signature is not accepted. */
  wrong: Map<string, string>;
  /** Rows without a signature; the first thousand of them. */
  unsigned: { count: number; leaves: number[] };
}

/** A row whose checksum was computed again from its bytes. Bytes as `latin1`. */
export interface SignedRow {
  leafIndex: number;
  leafHash: Buffer;
  checksum: string;
  keyId: number;
  signature: string;
}

const LISTED = 1000;
const NO_SIGNATURE = '\0'.repeat(32);

/** Gives checks of the HMACs of stored rows; they run in this process, since the keys must not come near the store. */
@Injectable()
export class SignatureCheck {
  constructor(private readonly ring: KeyRing) {}

  async begin(): Promise<SignatureTally> {
    const signers = new Map<number, HmacSigner>();
    for (const { number, tenant } of await this.ring.list('signing')) {
      signers.set(number, new HmacSigner(await this.ring.get('signing', tenant, number)));
    }
    return new SignatureTally(signers);
  }
}

export class SignatureTally implements CheckedSignatures {
  signed = 0;
  readonly wrong = new Map<string, string>();
  readonly unsigned = { count: 0, leaves: [] as number[] };

  constructor(private readonly signers: ReadonlyMap<number, HmacSigner>) {}

  add({ leafIndex, leafHash, checksum, keyId, signature }: SignedRow): void {
    if (keyId === 0 && signature === NO_SIGNATURE) {
      this.unsigned.count++;
      if (this.unsigned.leaves.length < LISTED) this.unsigned.leaves.push(leafIndex);
      return;
    }
    this.signed++;
    const signer = this.signers.get(keyId);
    if (signer?.sign(checksum) === signature) return;
    const why = signer ? `it is not that of key ${keyId} over these bytes` : `there is no signing key ${keyId}`;
    this.wrong.set(rowKey(leafIndex, leafHash), why);
  }
}
