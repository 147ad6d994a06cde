import { nativeColumns } from './native-columns';

const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
const column = (name: string, type: string, values: Buffer) => Buffer.concat([text(name), text(type), values]);

/** Two rows and one row of a number and two bytes. */
const BLOCKS = [
  [
    ...[Buffer.from([2, 2])],
    column('n', 'UInt32', Buffer.from([1, 0, 0, 0, 2, 0, 0, 0])),
    column('b', 'FixedString(2)', Buffer.from('aabb')),
  ],
  [
    Buffer.from([2, 1]),
    column('n', 'UInt32', Buffer.from([3, 0, 0, 0])),
    column('b', 'FixedString(2)', Buffer.from('cc')),
  ],
].map((parts) => Buffer.concat(parts));

async function* inChunks(bytes: Buffer, length: number) {
  for (let at = 0; at < bytes.length; at += length) yield await Promise.resolve(bytes.subarray(at, at + length));
}

async function read(bytes: Buffer, length: number, widths = [4, 2]): Promise<string[][]> {
  const blocks: string[][] = [];
  for await (const columns of nativeColumns(inChunks(bytes, length), widths)) {
    blocks.push(columns.map((each) => each.toString('hex')));
  }
  return blocks;
}

describe('columns of an answer', () => {
  const whole = Buffer.concat(BLOCKS);

  it.each([1, 2, 7, 1000])('are the same in chunks of %i bytes', async (length) => {
    expect(await read(whole, length)).toEqual([
      ['0100000002000000', '61616262'],
      ['03000000', '6363'],
    ]);
  });

  it('are none of an empty answer', async () => {
    expect(await read(Buffer.alloc(0), 10)).toEqual([]);
  });

  it('take more than 127 rows', async () => {
    const values = Buffer.alloc(300, 7);
    const block = Buffer.concat([Buffer.from([1, 0xac, 0x02]), column('n', 'UInt8', values)]);
    expect(await read(block, 64, [1])).toEqual([[values.toString('hex')]]);
  });

  it('are refused where they are others, or where the answer is cut', async () => {
    await expect(read(whole, 100, [4])).rejects.toThrow('the answer has 2 columns, not 1');
    await expect(read(whole, 100, [4, 3])).rejects.toThrow('column b is FixedString(2), which does not take 3 bytes');
    await expect(read(whole, 100, [8, 2])).rejects.toThrow('column n is UInt32, which does not take 8 bytes');
    await expect(read(whole.subarray(0, -1), 5)).rejects.toThrow('the answer ends inside a block');
  });
});
