import { findRows, RowHead, rowSize, writeRow } from '../events/row';
import { BatchPlan, countByTenant, openSegment, placeRows, Segment, Slice, slices } from './batch';

const HEAD: RowHead = { flags: 0, id: Buffer.alloc(16, 1), checksum: 'c'.repeat(32), keyId: 0, signature: undefined };

function row(text: string): Buffer {
  const envelope = Buffer.from(text);
  const out = Buffer.alloc(rowSize(envelope.length));
  writeRow(out, 0, HEAD, envelope);
  return out;
}

/** A segment whose envelopes are `texts`, by tenant. */
function segment(id: string, texts: Record<string, string[]>): Segment {
  const runs = Object.entries(texts).map(([tenant, of]) => ({ tenant, rows: of.length }));
  const payload = Buffer.concat(Object.values(texts).flat().map(row));
  return openSegment({ segment: id, runs, bytes: payload.length, acceptedAt: 0 }, payload);
}

const plan = (dropped: BatchPlan['dropped'] = {}): BatchPlan => ({
  ...{ segments: [], dropped, duplicates: {}, conflicts: [], acceptedAt: 0 },
});
const leafOf = (bytes: Buffer): number => Number(bytes.readBigUInt64LE(85));
const bytesOf = ({ source, start, end }: Slice): Buffer => source.subarray(start, end);
const textOf = (bytes: Buffer): string => bytes.toString('utf8', findRows(bytes)[0]?.envelopeStart);

describe('a segment', () => {
  it('gives each row the tenant of its run', () => {
    expect(segment('s', { a: ['1', '2'], b: ['3'] }).tenants).toEqual(['a', 'a', 'b']);
  });

  it('is refused when its pointer and its payload do not agree, or the payload is cut', () => {
    const { payload, pointer } = segment('s', { a: ['1', '2'] });
    const fewer = { ...pointer, runs: [{ tenant: 'a', rows: 1 }] };
    expect(() => openSegment(fewer, payload)).toThrow('segment s has 2 rows, its pointer says 1');
    expect(() => openSegment(pointer, payload.subarray(0, -1))).toThrow(RangeError);
  });
});

describe('a batch', () => {
  const segments = () => [segment('s1', { a: ['a1', 'a2', 'a3'], b: ['b1'] }), segment('s2', { b: ['b2'], a: ['a4'] })];
  const ranges = [
    { tenant: 'a', start: 2 ** 32, count: 3 },
    { tenant: 'b', start: 7, count: 2 },
  ];

  it('counts for each tenant the rows that were not dropped', () => {
    expect(countByTenant(segments(), plan({ s1: [1], s2: [1] }))).toEqual([
      { tenant: 'a', count: 2 },
      { tenant: 'b', count: 2 },
    ]);
  });

  it('gives the rows their leaves in order, without gaps where some were dropped', () => {
    const placed = placeRows(segments(), plan({ s1: [1] }), ranges, () => undefined);
    expect(placed.map((at) => [textOf(bytesOf(at)), at.leafIndex, leafOf(bytesOf(at))])).toEqual([
      ['a1', 2 ** 32, 2 ** 32],
      ['a3', 2 ** 32 + 1, 2 ** 32 + 1],
      ['b1', 7, 7],
      ['b2', 8, 8],
      ['a4', 2 ** 32 + 2, 2 ** 32 + 2],
    ]);
  });

  it('gives what stands in place of a row the leaf of that row', () => {
    const placed = placeRows(segments(), plan({ s1: [1] }), ranges, ({ segment: { id }, row: at }) =>
      id === 's2' && at === 0 ? row('instead') : undefined,
    );
    expect(placed.map((at) => textOf(bytesOf(at)))).toEqual(['a1', 'a3', 'b1', 'instead', 'a4']);
    expect(placed.map((at) => leafOf(bytesOf(at)))[3]).toBe(8);
  });

  it('makes the same bytes each time', () => {
    const place = () => placeRows(segments(), plan(), ranges, () => undefined).map(bytesOf);
    expect(Buffer.concat(place())).toEqual(Buffer.concat(place()));
  });
});

describe('slices', () => {
  it('sends neighbours as one, and copies nothing', () => {
    const payload = Buffer.from('abcdefgh');
    const at = (start: number, end: number, source = payload) => ({ source, start, end });
    const sent = slices([at(0, 2), at(2, 4), at(5, 8), at(0, 2, Buffer.from('xy'))]);
    expect(sent.map(String)).toEqual(['abcd', 'fgh', 'xy']);
    payload.write('Z');
    expect(String(sent[0])).toBe('Zbcd');
    expect(slices([])).toEqual([]);
  });
});
