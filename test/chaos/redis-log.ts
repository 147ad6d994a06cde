import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Every command that Redis has on disk, in order, from its append-only files. Redis writes them itself before it answers, so
 * this is a record of what happened that neither ingest nor writer could polish. Only whole if the log is never rewritten
 * (`auto-aof-rewrite-percentage 0`). Effects of scripts are in it as single commands.
 */
export async function* redisLog(redisDir: string): AsyncGenerator<Buffer[]> {
  const dir = join(redisDir, 'appendonlydir');
  const files = (await readdir(dir)).filter((name) => name.endsWith('.incr.aof'));
  const sequence = (name: string) => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1]);
  for (const name of files.sort((a, b) => sequence(a) - sequence(b))) yield* commandsOf(join(dir, name));
}

async function* commandsOf(file: string): AsyncGenerator<Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 4 * 1024 * 1024 }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const command = readCommand(rest, at);
      if (!command) break;
      yield command.parts;
      at = command.end;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw new Error(`${file} does not end with a whole command`);
}

/** The command at `start` (`*<n>\r\n` and then n times `$<length>\r\n<bytes>\r\n`), or undefined if it is not all there. */
function readCommand(buffer: Buffer, start: number): { parts: Buffer[]; end: number } | undefined {
  let at = start;
  const number = (marker: string): number | undefined => {
    const line = buffer.indexOf('\r\n', at);
    if (line < 0) return undefined;
    if (buffer.toString('latin1', at, at + 1) !== marker)
      throw new Error(`expected "${marker}" at byte ${at} of a chunk`);
    const value = Number(buffer.toString('latin1', at + 1, line));
    at = line + 2;
    return value;
  };
  const count = number('*');
  if (count === undefined) return undefined;
  const parts: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const length = number('$');
    if (length === undefined || at + length + 2 > buffer.length) return undefined;
    parts.push(buffer.subarray(at, at + length));
    at += length + 2;
  }
  return { parts, end: at };
}
