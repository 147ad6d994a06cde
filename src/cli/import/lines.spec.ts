import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Line, MAX_LINE_BYTES, openSource, splitLines } from './lines';

async function linesOf(chunks: AsyncIterable<Buffer>): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const block of splitLines(chunks)) lines.push(...block);
  return lines;
}
// eslint-disable-next-line @typescript-eslint/require-await
async function* chunksOf(...parts: (string | Buffer)[]) {
  for (const part of parts) yield Buffer.from(part);
}
const texts = (lines: Line[]) => lines.map((l) => l.bytes?.toString());

describe('splitLines', () => {
  it('joins lines across chunks, strips line ends and takes a last line without one', async () => {
    const lines = await linesOf(chunksOf('a\nb', 'c\r', '\n', '\nlast'));
    expect(texts(lines)).toEqual(['a', 'bc', '', 'last']);
    expect(lines.map((l) => l.number)).toEqual([1, 2, 3, 4]);
  });

  it('passes over a line that is too long and goes on behind it', async () => {
    const half = Buffer.alloc(MAX_LINE_BYTES, 'x');
    expect(texts(await linesOf(chunksOf('a\n', half, half, '\nb\n')))).toEqual(['a', undefined, 'b']);
  });
});

describe('openSource', () => {
  let dir: string;
  beforeAll(async () => (dir = await mkdtemp(join(tmpdir(), 'lines-'))));
  afterAll(() => rm(dir, { recursive: true }));

  it('unpacks gzip whatever the name, and counts the bytes on disk', async () => {
    const packed = gzipSync('one\ntwo\n');
    await writeFile(join(dir, 'plain.log'), packed);
    const source = await openSource(join(dir, 'plain.log'));
    let bytes = 0;
    expect(texts(await linesOf(source.open((n) => (bytes += n))))).toEqual(['one', 'two']);
    expect([bytes, source.bytes]).toEqual([packed.length, packed.length]);
  });

  it('says that a gzip file is cut off', async () => {
    const packed = gzipSync(Buffer.alloc(100_000, 'abc\n'));
    await writeFile(join(dir, 'cut.gz'), packed.subarray(0, packed.length - 20));
    const source = await openSource(join(dir, 'cut.gz'));
    await expect(linesOf(source.open())).rejects.toThrow('damaged or cut off');
  });

  it('names a file that is not there', async () => {
    await expect(openSource(join(dir, 'none'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
