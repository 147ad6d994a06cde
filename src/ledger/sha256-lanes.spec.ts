import { createHmac, randomBytes } from 'node:crypto';
import { nodeHash } from './merkle';
import { Sha256Lanes } from './sha256-lanes';

const lanes = new Sha256Lanes();
/** Below, at and above the lanes and the batch. */
const COUNTS = [0, 1, 3, 4, 5, 8191, 8192, 8193, 20_000];
const parts = (bytes: Buffer, width: number) =>
  Array.from({ length: bytes.length / width }, (_, i) => bytes.subarray(i * width, (i + 1) * width));

describe('hashing in lanes', () => {
  it.each(COUNTS)('gives the HMACs of Node for %i messages', (count) => {
    const key = randomBytes(32);
    const messages = randomBytes(count * 32);
    const expected = parts(messages, 32).map((message) => createHmac('sha256', key).update(message).digest());
    expect(lanes.macs(lanes.macKey(key), messages).equals(Buffer.concat(expected))).toBe(true);
  });

  it.each([0, 1, 20, 63, 64])('takes a key of %i bytes', (length) => {
    const key = randomBytes(length);
    const message = randomBytes(32);
    expect(lanes.macs(lanes.macKey(key), message)).toEqual(createHmac('sha256', key).update(message).digest());
  });

  it('keeps keys apart', () => {
    const [first, second] = [randomBytes(32), randomBytes(32)];
    const [one, two] = [lanes.macKey(first), lanes.macKey(second)];
    const message = randomBytes(32);
    for (const [prepared, key] of [
      [one, first],
      [two, second],
      [one, first],
    ] as const) {
      expect(lanes.macs(prepared, message)).toEqual(createHmac('sha256', key).update(message).digest());
    }
  });

  it.each(COUNTS)('gives the Merkle nodes over %i pairs', (count) => {
    const hashes = randomBytes(count * 64);
    const expected = parts(hashes, 64).map((pair) => nodeHash(pair.subarray(0, 32), pair.subarray(32)));
    expect(lanes.parents(hashes).equals(Buffer.concat(expected))).toBe(true);
  });

  it('refuses what is no whole message, and a key longer than a block', () => {
    expect(() => lanes.parents(Buffer.alloc(63))).toThrow('63 bytes are not whole messages of 64');
    expect(() => lanes.macKey(Buffer.alloc(65))).toThrow('a key of 65 bytes is longer than a block');
  });
});
