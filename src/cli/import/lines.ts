import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from '../../common/app-error';

/** Longest line that is taken, in bytes; a longer one is reported and passed over. */
export const MAX_LINE_BYTES = 1024 * 1024;
const NEWLINE = 10;

export interface Line {
  /** 1 for the first. */
  number: number;
  /** Without its line ending; undefined for a line longer than MAX_LINE_BYTES. */
  bytes: Buffer | undefined;
}

/** Cuts chunks into lines, in blocks of as many as a chunk ends. Memory is bounded by a chunk and one line. */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
  let number = 0;
  let parts: Buffer[] = [];
  let held = 0;
  const finish = (last: Buffer): Line => {
    const whole = held > 0 ? Buffer.concat([...parts, last]) : last;
    const tooLong = held + last.length > MAX_LINE_BYTES;
    parts = [];
    held = 0;
    return { number: ++number, bytes: tooLong ? undefined : withoutReturn(whole) };
  };
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(finish(chunk.subarray(start, end)));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    // Past the cap only the length counts, so that a file without line ends does not fill the memory.
    if (held <= MAX_LINE_BYTES) parts.push(rest);
    held += rest.length;
    if (lines.length > 0) yield lines;
  }
  if (held > 0) yield [finish(Buffer.alloc(0))];
}

function withoutReturn(line: Buffer): Buffer {
  return line[line.length - 1] === 13 ? line.subarray(0, -1) : line;
}

/** A file or standard input (`-`), unpacked if it is gzip. */
export interface Source {
  /** Size as it lies on disk; undefined for standard input. */
  bytes: number | undefined;
  /** When the file was last changed, ms; undefined for standard input. */
  changedAt: number | undefined;
  /** Reads from the start; `onBytes` is told of bytes taken from disk. Standard input can be opened once. */
  open(onBytes?: (bytes: number) => void): AsyncIterable<Buffer>;
}

/** Throws AppError `FILE_UNREADABLE`. */
export async function openSource(file: string): Promise<Source> {
  if (file === '-') {
    return { bytes: undefined, changedAt: undefined, open: (onBytes) => unpacked(process.stdin, onBytes) };
  }
  try {
    const info = await stat(file);
    if (info.isDirectory()) throw new AppError('FILE_UNREADABLE', 400, `${file} is a directory; name a file`);
    return {
      bytes: info.isFile() ? info.size : undefined,
      changedAt: info.isFile() ? info.mtimeMs : undefined,
      open: (onBytes) => unpacked(createReadStream(file, { highWaterMark: 256 * 1024 }), onBytes),
    };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('FILE_UNREADABLE', 400, `cannot read ${file}: ${reason}`, { cause: error });
  }
}

/** Gzip is known by its first two bytes, not by the name. */
async function* unpacked(input: AsyncIterable<Buffer>, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
  const counted = countBytes(input, onBytes);
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await counted.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const whole = prepend(head, counted);
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* whole;
    return;
  }
  yield* gunzip(whole);
}

async function* countBytes(input: AsyncIterable<Buffer>, onBytes?: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of input) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}

async function* prepend(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}

async function* gunzip(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const unzip = createGunzip();
  const feeding = pipeline(input, unzip).then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    for await (const chunk of unzip) yield chunk as Buffer;
    const failure = await feeding;
    if (failure !== undefined) throw failure as Error;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('FILE_UNREADABLE', 400, `the gzip file is damaged or cut off: ${reason}`, { cause: error });
  }
}
