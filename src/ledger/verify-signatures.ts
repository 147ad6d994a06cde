import { Injectable } from '@nestjs/common';
import { HMAC_BLOCK, HmacSigner } from '../keys/hmac-signer';
import { KeyRing } from '../keys/key-ring';
import { leafHash } from './merkle';
import { readLeaf, rowKey } from './verify-rows';

/** What the signatures of a range of rows come to. */
export interface CheckedSignatures {
  /** Rows seen. */
  rows: number;
  signed: number;
  /** By `rowKey`: why the signature is not accepted. */
  wrong: Map<string, string>;
  /** Rows without a signature; the first thousand of them. */
  unsigned: { count: number; leaves: number[] };
}

const LISTED = 1000;
const HEAD = 8 + 4 + 32;
const NO_SIGNATURE = '\0'.repeat(32);

/** Checks the HMACs of stored rows, in this process, since the keys must not come near the store. */
@Injectable()
export class SignatureCheck {
  constructor(private readonly ring: KeyRing) {}

  /** @param stream rows as `VerifyStore.signed` gives them. @throws RangeError if it ends inside a row */
  async check(stream: AsyncIterable<Buffer>): Promise<CheckedSignatures> {
    const signers = await this.signers();
    const found: CheckedSignatures = { rows: 0, signed: 0, wrong: new Map(), unsigned: { count: 0, leaves: [] } };
    const scratch = Buffer.alloc(HMAC_BLOCK + 65_536);
    const one = (bytes: Buffer, at: number, start: number, end: number) => {
      found.rows++;
      const keyNumber = bytes.readUInt32LE(at + 8);
      const signature = bytes.toString('latin1', at + 12, at + HEAD);
      if (keyNumber === 0 && signature === NO_SIGNATURE) {
        found.unsigned.count++;
        if (found.unsigned.leaves.length < LISTED) found.unsigned.leaves.push(readLeaf(bytes, at));
        return;
      }
      found.signed++;
      const length = HMAC_BLOCK + end - start;
      const framed = length <= scratch.length ? scratch.subarray(0, length) : Buffer.alloc(length);
      bytes.copy(framed, HMAC_BLOCK, start, end);
      const signer = signers.get(keyNumber);
      if (signer?.sign(framed) === signature) return;
      const why = signer
        ? `it is not that of key ${keyNumber} over these bytes`
        : `there is no signing key ${keyNumber}`;
      found.wrong.set(rowKey(readLeaf(bytes, at), leafHash(bytes.subarray(start, end))), why);
    };
    await eachRow(stream, one);
    return found;
  }

  private async signers(): Promise<Map<number, HmacSigner>> {
    const signers = new Map<number, HmacSigner>();
    for (const { number, tenant } of await this.ring.list('signing')) {
      signers.set(number, new HmacSigner(await this.ring.get('signing', tenant, number)));
    }
    return signers;
  }
}

/** Rows of a fixed head and a string behind its length (LEB128). */
async function eachRow(
  stream: AsyncIterable<Buffer>,
  take: (bytes: Buffer, at: number, start: number, end: number) => void,
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      let length = 0;
      let start = at + HEAD;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[start++];
        if (byte === undefined) {
          start = Infinity;
          break;
        }
        length += (byte & 127) * 2 ** shift;
        if (byte < 128) break;
      }
      const end = start + length;
      if (!(end <= bytes.length)) break;
      take(bytes, at, start, end);
      at = end;
    }
    rest = bytes.subarray(at);
  }
  if (rest.length > 0) throw new RangeError('the answer ends inside a row');
}
