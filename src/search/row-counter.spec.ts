import { countCsvRecords, countLines, parquetRows, RowCounter } from './row-counter';

/** Feeds a text byte by byte, so that every boundary of chunks occurs. */
function fed(counter: RowCounter, text: string): number | undefined {
  for (const byte of Buffer.from(text)) counter.add(Buffer.of(byte));
  return counter.rows();
}

describe('counting the rows of an export', () => {
  it('counts lines, without those around the rows', () => {
    expect(fed(countLines(0), '{}\n{}\n')).toBe(2);
    expect(fed(countLines(2), '[\n{}\n,{}\n]\n')).toBe(2);
    expect(fed(countLines(2), '[\n]\n')).toBe(0);
    expect(countLines(2).rows()).toBe(0);
  });

  it('counts CSV records, not line breaks inside cells', () => {
    expect(fed(countCsvRecords(), '"a","b"\r\n1,"x\r\ny ""\n"""\r\n2,z\r\n')).toBe(2);
  });

  describe('of Parquet', () => {
    const footer = (...bytes: number[]) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([Buffer.from('PAR1 data'), Buffer.from(bytes), length, Buffer.from('PAR1')]);
    };

    it('finds the number behind the schema', () => {
      // version = 2; schema = [{name: "ab", repetition: 1}, {}]; num_rows = 300
      const bytes = [0x15, 4, 0x19, 0x2c, 0x48, 2, 97, 98, 0x15, 2, 0, 0, 0x16, 0xd8, 0x04, 0];
      expect(parquetRows(footer(...bytes))).toBe(300);
    });

    it('says nothing of a file that is not whole', () => {
      expect(parquetRows(Buffer.from('PAR1 data'))).toBeUndefined();
      expect(parquetRows(Buffer.alloc(0))).toBeUndefined();
      expect(parquetRows(footer(0x15, 4, 0))).toBeUndefined();
    });
  });
});
