import { findRows, RowHead, rowSize, writeRow } from '../events/row';
import {
  BatchPlan,
  countByTenant,
  countRows,
  openSegment,
  placedSingles,
  placeName,
  placeRows,
  Segment,
  Slice,
  slices,
  tenantOf,
  viewOf,
} from './batch';

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
    const made = segment('s', { a: ['1', '2'], b: ['3'] });
    expect([0, 1, 2].map((at) => tenantOf(made, at))).toEqual(['a', 'a', 'b']);
    expect(
      [0, 1, 2].map((at) => made.payload.toString('utf8', viewOf(made, at).envelopeStart, viewOf(made, at).end)),
    ).toEqual(['1', '2', '3']);
    expect(() => tenantOf(made, 3)).toThrow(RangeError);
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
    const runs = placeRows(segments(), plan({ s1: [1] }), ranges, new Map());
    expect(countRows(runs)).toBe(5);
    expect(placedSingles(runs).map((at) => [textOf(bytesOf(at)), at.leaf, leafOf(bytesOf(at))])).toEqual([
      ['a1', 2 ** 32, 2 ** 32],
      ['a3', 2 ** 32 + 1, 2 ** 32 + 1],
      ['b1', 7, 7],
      ['b2', 8, 8],
      ['a4', 2 ** 32 + 2, 2 ** 32 + 2],
    ]);
  });

  it('gives what stands in place of a row the leaf of that row', () => {
    const instead = new Map([[placeName('s2', 0), row('instead')]]);
    const placed = placedSingles(placeRows(segments(), plan({ s1: [1] }), ranges, instead));
    expect(placed.map((at) => textOf(bytesOf(at)))).toEqual(['a1', 'a3', 'b1', 'instead', 'a4']);
    expect(placed.map((at) => leafOf(bytesOf(at)))[3]).toBe(8);
  });

  it('keeps rows together that stand together, and sends all bytes of each', () => {
    const all = segments();
    const runs = placeRows(all, plan(), ranges, new Map());
    expect(runs.map(({ segment: { id }, tenant, first, count }) => [id, tenant, first, count])).toEqual([
      ['s1', 'a', 0, 3],
      ['s1', 'b', 3, 1],
      ['s2', 'b', 0, 1],
      ['s2', 'a', 1, 1],
    ]);
    expect(Buffer.concat(slices(runs))).toEqual(Buffer.concat(all.map(({ payload }) => payload)));
    expect(Buffer.concat(slices(placedSingles(runs)))).toEqual(Buffer.concat(slices(runs)));
  });

  it('makes the same bytes each time', () => {
    const place = () => placeRows(segments(), plan(), ranges, new Map()).map(bytesOf);
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
