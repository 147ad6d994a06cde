import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../common/app-error';

/**
 * Writes what was answered to a file (mode 0600), or to standard output for `-`. The file has another name until it is whole, so that
 * one that is there is complete.
 * @param onBytes told how many bytes have come so far
 * @param beforeWhole done when all bytes are there, before the file gets its name
 * @returns how many bytes it has
 */
export async function saveBody(
  response: Response,
  output: string,
  onBytes: (bytes: number) => void = () => undefined,
  beforeWhole: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  if (!response.body) throw new AppError('DOWNLOAD_EMPTY', 502, 'the answer had no body; try again');
  let bytes = 0;
  const counted = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      bytes += chunk.length;
      onBytes(bytes);
      yield chunk;
    }
  };
  const body = Readable.fromWeb(response.body);
  if (output === '-') {
    await pipeline(body, counted, process.stdout);
    return bytes;
  }
  const unfinished = `${output}.part`;
  try {
    await pipeline(body, counted, createWriteStream(unfinished, { mode: 0o600 }));
    await beforeWhole();
    await rename(unfinished, output);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return bytes;
}
