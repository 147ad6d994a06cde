import { createHmac, randomBytes } from 'node:crypto';
import { Sha256Lanes } from './sha256-lanes';
import { rowKey } from './verify-rows';
import { SignatureTally } from './verify-signatures';

const lanes = new Sha256Lanes();
const keys = new Map([
  [1, randomBytes(32)],
  [2, randomBytes(32)],
]);

interface Row {
  leaf: number;
  keyId: number;
  signature?: Buffer;
}

function tallyOf(rows: Row[]) {
  const tally = new SignatureTally(new Map([...keys].map(([id, key]) => [id, lanes.macKey(key)])), lanes);
  const columns = rows.map(({ leaf, keyId, signature }) => {
    const checksum = randomBytes(32);
    const key = keys.get(keyId);
    const right = key ? createHmac('sha256', key).update(checksum).digest() : Buffer.alloc(32);
    const leaves = Buffer.alloc(8);
    leaves.writeBigUInt64LE(BigInt(leaf));
    const keyIds = Buffer.alloc(4);
    keyIds.writeUInt32LE(keyId);
    return { leaves, leafHashes: randomBytes(32), checksums: checksum, keyIds, signatures: signature ?? right };
  });
  const column = (name: keyof (typeof columns)[number]) => {
    const whole = Buffer.concat(columns.map((row) => row[name]));
    return Buffer.from(new Uint8Array(whole).buffer);
  };
  tally.addAll({
    ...{ leaves: column('leaves'), leafHashes: column('leafHashes'), checksums: column('checksums') },
    ...{ keyIds: column('keyIds'), signatures: column('signatures') },
  });
  return { tally, keyOf: (row: number) => rowKey(rows[row]?.leaf ?? NaN, columns[row]?.leafHashes as Buffer) };
}

describe('checking signatures', () => {
  it('accepts those of several keys, however they take turns', () => {
    const { tally } = tallyOf([1, 1, 2, 1, 2, 2, 2].map((keyId, leaf) => ({ leaf, keyId })));
    expect(tally.signed).toBe(7);
    expect(tally.wrong.size).toBe(0);
  });

  it('names a wrong one among right ones, a key that does not exist, and a signature without key', () => {
    const signature = randomBytes(32);
    const { tally, keyOf } = tallyOf([
      ...[
        { leaf: 10, keyId: 1 },
        { leaf: 11, keyId: 1, signature },
        { leaf: 12, keyId: 1 },
      ],
      ...[
        { leaf: 13, keyId: 7 },
        { leaf: 2 ** 40, keyId: 0, signature },
        { leaf: 14, keyId: 2, signature: Buffer.alloc(32) },
      ],
    ]);
    expect(tally.signed).toBe(6);
    expect(Object.fromEntries(tally.wrong)).toEqual({
      [keyOf(1)]: 'it is not that of key 1 over these bytes',
      [keyOf(3)]: 'there is no signing key 7',
      [keyOf(4)]: 'there is no signing key 0',
      [keyOf(5)]: 'it is not that of key 2 over these bytes',
    });
  });

  it('counts what carries none', () => {
    const { tally } = tallyOf([0, 1, 0].map((keyId, leaf) => ({ leaf, keyId })));
    expect(tally).toMatchObject({ signed: 1, unsigned: { count: 2, leaves: [0, 2] } });
    expect(tally.wrong.size).toBe(0);
  });
});
