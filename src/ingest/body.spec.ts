import { gzipSync } from 'node:zlib';
import { AppError } from '../common/app-error';
import { decode } from './body';

const statusOf = (work: Promise<unknown>) =>
  work.then(
    () => 200,
    (error: unknown) => (error instanceof AppError ? error.status : error),
  );

describe('decode', () => {
  it('gives back what was compressed', async () => {
    const body = Buffer.from('{"a":1}');
    expect(await decode(gzipSync(body), 'gzip', 100)).toEqual(body);
    expect(await decode(body, undefined, 100)).toBe(body);
  });

  it('stops a bomb at the cap', async () => {
    expect(await statusOf(decode(gzipSync(Buffer.alloc(1_000_000)), 'gzip', 10_000))).toBe(413);
  });

  it('refuses what is cut, is no gzip, or is another encoding', async () => {
    expect(await statusOf(decode(gzipSync('{"a":1}').subarray(0, 12), 'gzip', 100))).toBe(400);
    expect(await statusOf(decode(Buffer.from('{}'), 'gzip', 100))).toBe(400);
    expect(await statusOf(decode(Buffer.from('{}'), 'br', 100))).toBe(415);
  });
});
