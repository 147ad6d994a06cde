import { decodeBundle, encodeBundle, indexPath, parseTilePath, tilePath, tilesOf } from './tiles';

describe('paths of tiles', () => {
  it.each([
    [0, '000'],
    [67, '067'],
    [1000, 'x001/000'],
    [1_234_067, 'x001/x234/067'],
    [2 ** 44, 'x017/x592/x186/x044/416'],
  ])('write %i as %s', (index, path) => {
    expect(indexPath(index)).toBe(path);
    expect(parseTilePath(`0/${path}`)).toEqual({ level: 0, index, width: 256 });
  });

  it('read partial tiles and bundles', () => {
    expect(parseTilePath('3/x001/234.p/17')).toEqual({ level: 3, index: 1234, width: 17 });
    expect(parseTilePath('entries/005.p/255')).toEqual({ level: 'entries', index: 5, width: 255 });
    expect(tilePath({ level: 'entries', index: 5, width: 255 })).toBe('tile/entries/005.p/255');
  });

  it.each([
    '0/5',
    '0/0005',
    '00/005',
    '64/005',
    '0/x000/005',
    '0/x5/005',
    '0/005.p/0',
    '0/005.p/256',
    '0/005.p/017',
    '0/005/',
    'leaves/005',
    '0/../005',
    '',
  ])('refuse %p', (path) => expect(parseTilePath(path)).toBeUndefined());

  it('list all that a tree has', () => {
    const paths = [...tilesOf(256 * 256 + 257)].map(tilePath);
    expect(paths).toHaveLength(258 + 2 + 1 + 258);
    expect(paths).toEqual(expect.arrayContaining(['tile/0/257.p/1', 'tile/1/001.p/1', 'tile/2/000.p/1']));
    expect(paths).toContain('tile/entries/257.p/1');
    expect([...tilesOf(0)]).toEqual([]);
  });
});

describe('bundles of entries', () => {
  it('give back what they were made of', () => {
    const entries = ['', 'é', 'x'.repeat(65_535)];
    expect(decodeBundle(encodeBundle(entries)).map((entry) => entry.toString())).toEqual(entries);
    expect(encodeBundle(['ab']).toString('hex')).toBe('00026162');
  });

  it('say when they end too soon', () => {
    const whole = encodeBundle(['abc']);
    expect(() => decodeBundle(whole.subarray(0, 4))).toThrow(RangeError);
    expect(() => decodeBundle(whole.subarray(0, 1))).toThrow(RangeError);
  });
});
