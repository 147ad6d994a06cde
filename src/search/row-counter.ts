/** Counts the rows in the bytes of an export as they pass. */
export interface RowCounter {
  add(chunk: Buffer): void;
  /** Rows so far; of Parquet only known at the end. */
  rows(): number | undefined;
}

const NEWLINE = 10;
const QUOTE = 34;

/** Rows that end with a line break and hold no other; `header` lines around them do not count. */
export function countLines(header: number): RowCounter {
  let lines = 0;
  return {
    add(chunk) {
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
    },
    rows: () => Math.max(0, lines - header),
  };
}

/** Records of CSV: line breaks inside quotes belong to a cell. */
export function countCsvRecords(): RowCounter {
  let records = 0;
  let quoted = false;
  return {
    add(chunk) {
      // An iterator over the bytes would be twenty times as slow.
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (byte === QUOTE) quoted = !quoted;
        else if (byte === NEWLINE && !quoted) records++;
      }
    },
    rows: () => Math.max(0, records - 1),
  };
}

// The footer takes about 5 kB for each group of 100,000 rows, so this is enough for 150 million rows.
const FOOTER_KEPT = 8 * 1024 * 1024;

/** Reads the number of rows from the footer that ends a Parquet file. */
export function countParquetRows(): RowCounter {
  let tail: Buffer[] = [];
  let bytes = 0;
  return {
    add(chunk) {
      tail.push(chunk);
      bytes += chunk.length;
      while (tail[0] && bytes - tail[0].length >= FOOTER_KEPT) bytes -= tail.shift()?.length ?? 0;
      // Many small chunks would cost more than their bytes.
      if (tail.length > 4096) tail = [Buffer.concat(tail)];
    },
    rows: () => parquetRows(Buffer.concat(tail)),
  };
}

/** `file` is a Parquet file or the end of one; undefined if it is not whole. */
export function parquetRows(file: Buffer): number | undefined {
  const end = file.length - 8;
  if (end < 0 || file.toString('latin1', end + 4) !== 'PAR1') return undefined;
  const start = end - file.readUInt32LE(end);
  return start < 0 ? undefined : numRows(new CompactReader(file.subarray(start, end)));
}

/** FileMetaData of Parquet: 1 = version, 2 = schema, 3 = number of rows. */
function numRows(reader: CompactReader): number | undefined {
  for (let id = 0; ;) {
    const field = reader.field(id);
    if (!field) return undefined;
    id = field.id;
    if (id === 3) return Number(reader.zigzag());
    reader.skip(field.type);
  }
}

/** As much of Thrift's compact protocol as it takes to pass over fields. */
class CompactReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** The next field of a struct; undefined at its end. */
  field(before: number): { id: number; type: number } | undefined {
    const head = this.byte();
    if (head === 0) return undefined;
    return { id: head >> 4 === 0 ? Number(this.zigzag()) : before + (head >> 4), type: head & 15 };
  }

  zigzag(): bigint {
    const value = this.varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  skip(type: number): void {
    switch (type) {
      case 1: // true and false stand in the type
      case 2:
        return;
      case 3:
        this.at += 1;
        return;
      case 4: // integers
      case 5:
      case 6:
        this.varint();
        return;
      case 7:
        this.at += 8;
        return;
      case 8: {
        const length = Number(this.varint());
        this.at += length;
        return;
      }
      case 9: // list and set
      case 10: {
        const head = this.byte();
        const size = head >> 4 === 15 ? Number(this.varint()) : head >> 4;
        // Inside a list a boolean takes a byte.
        for (let i = 0; i < size; i++) this.skip((head & 15) <= 2 ? 3 : head & 15);
        return;
      }
      case 12:
        for (let field = this.field(0); field; field = this.field(field.id)) this.skip(field.type);
        return;
      default:
        throw new RangeError(`the footer of the Parquet file holds the unknown type ${type}`);
    }
  }

  private byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('the footer of the Parquet file is cut short');
    return value;
  }

  private varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  }
}
