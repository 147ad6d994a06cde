import { LeafSet, Surrounding, surroundings } from './leaf-set';

const set = (...leaves: number[]): LeafSet => {
  const made = new LeafSet();
  for (const leaf of leaves) made.add(leaf);
  return made;
};

describe('a set of leaves', () => {
  it('gives each once, in rising order, however far apart they are', () => {
    const far = 2 ** 40 + 7;
    expect([...set(65_536, 3, far, 0, 3, 65_535, 7, 8)]).toEqual([0, 3, 7, 8, 65_535, 65_536, far]);
    expect([...set()]).toEqual([]);
  });
});

describe('what surrounds leaves', () => {
  const around = (size: number, ...leaves: number[]): Surrounding[] => [...surroundings(set(...leaves), size)];

  it('is all of the tree without any', () => {
    expect(around(300)).toEqual([{ gap: [0, 300] }]);
    expect(around(0)).toEqual([]);
  });

  it('is nothing but whole tiles for all of the tree', () => {
    const all = Array.from({ length: 600 }, (_, i) => i);
    expect(around(600, ...all)).toEqual([{ tile: 0 }, { tile: 1 }]);
  });

  it('is gaps, and the whole tiles that hold leaves', () => {
    expect(around(600, 2, 3, 255, 300, 599)).toEqual([
      { gap: [0, 2] },
      { tile: 0 },
      { gap: [4, 255] },
      { gap: [256, 300] },
      { tile: 1 },
      { gap: [301, 599] },
    ]);
  });
});
