import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ExportBody, ExportEnd } from './export-body';
import { countLines } from './row-counter';

const TAG = 'abcdefghijklmnop';

async function run(chunks: string[], onEnd?: (end: ExportEnd) => Promise<void>) {
  const ends: ExportEnd[] = [];
  let read = '';
  const body = new ExportBody(countLines(0), TAG, async (end) => {
    ends.push(end);
    await onEnd?.(end);
  });
  const done = pipeline(Readable.from(chunks.map((c) => Buffer.from(c))), body, async (bytes) => {
    for await (const chunk of bytes as AsyncIterable<Buffer>) read += chunk.toString();
  });
  const error = await done.then(
    () => undefined,
    (failure: Error) => failure,
  );
  return { ends, read, error };
}

describe('the body of an export', () => {
  it('passes every byte on and tells the rows before it ends', async () => {
    expect(await run(['{"a":1}\n', '{"b"', ':2}\n'])).toEqual({
      read: '{"a":1}\n{"b":2}\n',
      ends: [{ complete: true, rows: 2, bytes: 16 }],
      error: undefined,
    });
  });

  it('fails on an error that the store appends, wherever chunks are cut, and does not pass it on', async () => {
    const appended = `\r\n__exception__\r\n${TAG}\r\nCode: 1. secret`;
    for (let cut = 0; cut < appended.length; cut++) {
      const { read, ends, error } = await run(['{}\n', appended.slice(0, cut), appended.slice(cut)]);
      expect(error).toMatchObject({ code: 'EXPORT_BROKEN' });
      expect(read).not.toContain('exception');
      expect(ends).toMatchObject([{ complete: false }]);
    }
  });

  it('fails when its end cannot be recorded', async () => {
    const { error, ends } = await run(['{}\n'], () => Promise.reject(new Error('no record')));
    expect(error?.message).toBe('no record');
    expect(ends).toHaveLength(1);
  });

  it('does not take an event that mentions the mark for an error', async () => {
    const { error } = await run([`{"x":"__exception__ ${TAG}"}\n`]);
    expect(error).toBeUndefined();
  });
});
