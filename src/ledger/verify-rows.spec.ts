import { randomBytes } from 'node:crypto';
import { HashTable, JudgedTable, rowKey, SealedTable } from './verify-rows';

const aligned = (...parts: Buffer[]) => Buffer.from(new Uint8Array(Buffer.concat(parts)).buffer);
const leavesOf = (...leaves: number[]) => {
  const column = aligned(Buffer.alloc(leaves.length * 8));
  leaves.forEach((leaf, i) => column.writeBigUInt64LE(BigInt(leaf), i * 8));
  return column;
};
const [a, b, c] = [randomBytes(32), randomBytes(32), randomBytes(32)];

describe('hashes of a range of leaves', () => {
  it('stand in the order of the leaves, whatever order they come in', () => {
    const table = new HashTable(2 ** 33, 2 ** 33 + 3);
    table.putAll(leavesOf(2 ** 33 + 2, 2 ** 33), aligned(c, a));
    expect(table.isWhole).toBe(false);
    expect(table.get(2 ** 33 + 1)).toBeUndefined();
    table.putAll(leavesOf(2 ** 33 + 1), aligned(b));
    expect(table.isWhole).toBe(true);
    expect(table.hashes).toEqual(Buffer.concat([a, b, c]));
  });

  it('keep further rows of a leaf beside the first, and change them on demand', () => {
    const table = new HashTable(0, 2);
    table.putAll(leavesOf(0, 1, 1, 1), aligned(a, b, c, b));
    expect(table).toMatchObject({ count: 4, isWhole: false });
    expect(table.extra).toEqual([
      { leafIndex: 1, hash: c },
      { leafIndex: 1, hash: b },
    ]);
    table.prefer(0);
    expect(table.get(1)).toEqual(c);
    expect(table.extra[0]).toEqual({ leafIndex: 1, hash: b });
  });

  it('take the same hash of a sealed leaf for a row that was written again', () => {
    const table = new SealedTable(0, 2);
    table.putAll(leavesOf(0, 1, 0, 1), aligned(a, b, a, c));
    expect(table).toMatchObject({ count: 3, isWhole: false, extra: [{ leafIndex: 1, hash: c }] });
    const whole = new SealedTable(0, 1);
    whole.putAll(leavesOf(0, 0), aligned(a, a));
    expect(whole.isWhole).toBe(true);
  });

  it('tell rows whose columns differ', () => {
    const table = new JudgedTable(0, 4);
    const differences = aligned(Buffer.from(new Uint32Array([0, 5, 0, 1]).buffer));
    table.addDifferences(leavesOf(3, 2, 1, 0), aligned(a, b, c, a), differences);
    expect([...table.differing]).toEqual([
      [rowKey(2, b), 5],
      [rowKey(0, a), 1],
    ]);
  });
});
