import { Injectable } from '@nestjs/common';
import { uint64At, wordsOf } from '../clickhouse/native-columns';
import { KeyRing } from '../keys/key-ring';
import { HASH_BYTES, hashAt } from './merkle';
import { MacKey, Sha256Lanes } from './sha256-lanes';
import { rowKey } from './verify-rows';

/** What the signatures of a range of rows come to. */
export interface CheckedSignatures {
  signed: number;
  /** By `rowKey`: why the signature is not accepted. */
  wrong: Map<string, string>;
  /** Rows without a signature; the first thousand of them. */
  unsigned: { count: number; leaves: number[] };
}

/** Columns of rows whose checksums were computed again from their bytes. */
export interface SignedRows {
  leaves: Buffer;
  leafHashes: Buffer;
  checksums: Buffer;
  /** 4 bytes each. */
  keyIds: Buffer;
  signatures: Buffer;
}

const LISTED = 1000;
const NO_SIGNATURE = Buffer.alloc(HASH_BYTES);

/** Gives checks of the HMACs of stored rows; they run in this process, since the keys must not come near the store. */
@Injectable()
export class SignatureCheck {
  constructor(
    private readonly ring: KeyRing,
    private readonly lanes: Sha256Lanes,
  ) {}

  async begin(): Promise<SignatureTally> {
    const keys = new Map<number, MacKey>();
    for (const { number, tenant } of await this.ring.list('signing')) {
      keys.set(number, this.lanes.macKey(await this.ring.get('signing', tenant, number)));
    }
    return new SignatureTally(keys, this.lanes);
  }
}

export class SignatureTally implements CheckedSignatures {
  signed = 0;
  readonly wrong = new Map<string, string>();
  readonly unsigned = { count: 0, leaves: [] as number[] };
  private room = Buffer.alloc(0);

  constructor(
    private readonly keys: ReadonlyMap<number, MacKey>,
    private readonly lanes: Sha256Lanes,
  ) {}

  addAll(rows: SignedRows): void {
    const ids = wordsOf(rows.keyIds);
    for (let from = 0; from < ids.length;) {
      const id = ids[from] as number;
      const differing = ids.subarray(from).findIndex((each) => each !== id);
      const end = differing < 0 ? ids.length : from + differing;
      this.addRun(rows, from, end, id);
      from = end;
    }
  }

  private space(rows: number): Buffer {
    if (this.room.length < rows * HASH_BYTES) this.room = Buffer.alloc(rows * HASH_BYTES);
    return this.room;
  }

  /** Rows that name the same key. */
  private addRun(rows: SignedRows, from: number, end: number, keyId: number): void {
    const key = this.keys.get(keyId);
    const given = rows.signatures.subarray(from * HASH_BYTES, end * HASH_BYTES);
    const right =
      key && this.lanes.macs(key, rows.checksums.subarray(from * HASH_BYTES, end * HASH_BYTES), this.space(end - from));
    if (right?.equals(given) === true) {
      this.signed += end - from;
      return;
    }
    for (let row = from; row < end; row++) {
      const signature = hashAt(given, row - from);
      const leafIndex = uint64At(rows.leaves, row);
      if (keyId === 0 && signature.equals(NO_SIGNATURE)) {
        this.unsigned.count++;
        if (this.unsigned.leaves.length < LISTED) this.unsigned.leaves.push(leafIndex);
        continue;
      }
      this.signed++;
      if (right && hashAt(right, row - from).equals(signature)) continue;
      const why = right ? `it is not that of key ${keyId} over these bytes` : `there is no signing key ${keyId}`;
      this.wrong.set(rowKey(leafIndex, hashAt(rows.leafHashes, row)), why);
    }
  }
}
