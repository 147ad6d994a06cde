import type { ClickHouseClient } from '@clickhouse/client';
import { UNLOGGED } from './read-rows';

/**
 * The whole answer is made before the first byte goes out, so a failure is an error and no short answer. It waits in memory;
 * what is beyond that many bytes goes through a compressed file on ClickHouse's disk, which costs time.
 */
const WHOLE = { ...UNLOGGED, wait_end_of_query: 1, http_response_buffer_size: String(64 * 1024 * 1024) } as const;

/** The answer of a query in columns, block by block; see `nativeColumns`. */
export async function* readColumns<const Widths extends readonly number[]>(
  clickhouse: ClickHouseClient,
  query: string,
  params: Record<string, unknown>,
  widths: Widths,
): AsyncGenerator<Columns<Widths>> {
  const { stream } = await clickhouse.exec({
    query: `${query} FORMAT Native`,
    query_params: params,
    clickhouse_settings: WHOLE,
  });
  yield* nativeColumns(stream as AsyncIterable<Buffer>, widths);
}

/** The number in a row of a column of UInt64; ours stay far below 2^53. */
export const uint64At = (column: Buffer, row: number): number =>
  column.readUInt32LE(row * 8) + column.readUInt32LE(row * 8 + 4) * 0x1_0000_0000;

/** The numbers of a column of UInt32, or the words that one of longer values is made of. */
export const wordsOf = (column: Buffer): Uint32Array =>
  new Uint32Array(column.buffer, column.byteOffset, column.length / 4);

/** A block of an answer: its columns, one for each width, each from a place in memory on where numbers of any width may stand. */
export type Columns<Widths extends readonly number[]> = { [I in keyof Widths]: Buffer };

/**
 * Reads an answer in ClickHouse's format `Native`, in which the values of a column stand one behind the other: hundreds of
 * thousands of rows cost no object each, and each block takes the memory of the one before: what is kept has to be copied. Only for
 * columns of fixed width that are not Nullable, LowCardinality or sparse.
 * @param widths bytes of one value of each column
 * @throws RangeError if the answer has other columns, or ends inside a block
 */
export async function* nativeColumns<const Widths extends readonly number[]>(
  answer: AsyncIterable<Buffer>,
  widths: Widths,
): AsyncGenerator<Columns<Widths>> {
  const reader = new Reader(answer);
  const room = widths.map(() => new ArrayBuffer(0));
  while (await reader.more()) {
    const columns = await reader.varint();
    if (columns !== widths.length) throw new RangeError(`the answer has ${columns} columns, not ${widths.length}`);
    const rows = await reader.varint();
    const block: Buffer[] = [];
    for (const [i, width] of widths.entries()) {
      const name = await reader.text();
      const type = await reader.text();
      if (widthOf(type) !== width)
        throw new RangeError(`column ${name} is ${type}, which does not take ${width} bytes`);
      const space = room[i] as ArrayBuffer;
      const own = space.byteLength >= rows * width ? space : (room[i] = new ArrayBuffer(rows * width));
      block.push(await reader.into(Buffer.from(own, 0, rows * width)));
    }
    yield block as unknown as Columns<Widths>;
  }
}

/** Bytes of one value; NaN for what has no fixed width. */
function widthOf(type: string): number {
  const [, length] = /^FixedString\((\d+)\)$/.exec(type) ?? [];
  const [, bits] = /^U?Int(\d+)$/.exec(type) ?? [];
  return length === undefined ? Number(bits) / 8 : Number(length);
}

/** Takes so many bytes at a time from chunks of any lengths. */
class Reader {
  private readonly chunks: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);
  private at = 0;

  constructor(answer: AsyncIterable<Buffer>) {
    this.chunks = answer[Symbol.asyncIterator]();
  }

  /** Whether anything is left. */
  async more(): Promise<boolean> {
    while (this.at === this.chunk.length) {
      const next = await this.chunks.next();
      if (next.done === true) return false;
      [this.chunk, this.at] = [next.value, 0];
    }
    return true;
  }

  /** Fills `space`. */
  async into(space: Buffer): Promise<Buffer> {
    for (let filled = 0; filled < space.length;) {
      if (!(await this.more())) throw new RangeError('the answer ends inside a block');
      const copied = this.chunk.copy(space, filled, this.at, this.at + space.length - filled);
      filled += copied;
      this.at += copied;
    }
    return space;
  }

  async varint(): Promise<number> {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = (await this.into(Buffer.alloc(1)))[0] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  async text(): Promise<string> {
    return (await this.into(Buffer.alloc(await this.varint()))).toString('utf8');
  }
}
