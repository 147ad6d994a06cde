import { createHash, randomBytes } from 'node:crypto';
import {
  consistencySpans,
  EMPTY_ROOT,
  foldNodes,
  Frontier,
  inclusionSpans,
  leafHash,
  LeafSpan,
  nodeHash,
  rootOf,
  spanNodes,
  verifyConsistency,
  verifyInclusion,
} from './merkle';

const VECTORS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS: [number, string][] = [
  [7, 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [8, '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
];

/** The definition of RFC 6962, word by word: what the quick ways must agree with. */
function naiveRoot(leaves: Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return leaves[0] as Buffer;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
}

const randomLeaves = (n: number) => Array.from({ length: n }, () => randomBytes(32));
const proofOf = (leaves: Buffer[], spans: LeafSpan[]) => spans.map(([a, b]) => naiveRoot(leaves.slice(a, b)));

describe('tree hashes', () => {
  const leaves = VECTORS.map((hex) => leafHash(Buffer.from(hex, 'hex')));

  it('give the empty root for no leaves', () => {
    expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(new Frontier().root()).toEqual(EMPTY_ROOT);
  });

  it('give the leaf hash of the empty entry', () => {
    expect(leaves[0]?.toString('hex')).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  });

  it.each(ROOTS)('give the known root of %i entries', (size, root) => {
    expect(rootOf(Buffer.concat(leaves.slice(0, size))).toString('hex')).toBe(root);
  });
});

describe('a frontier', () => {
  it('has the root of the definition at every size, and can be taken up at any', () => {
    const leaves = randomLeaves(70);
    const tree = new Frontier();
    for (let n = 0; n <= leaves.length; n++) {
      const edge = spanNodes([0, n]).map(({ level, index }) =>
        naiveRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)),
      );
      expect(tree.root()).toEqual(naiveRoot(leaves.slice(0, n)));
      expect(new Frontier(n, edge).root()).toEqual(tree.root());
      expect(foldNodes(edge)).toEqual(tree.root());
      if (n < leaves.length) tree.append(leaves[n] as Buffer);
    }
  });

  it('tells each complete subtree once', () => {
    const leaves = randomLeaves(13);
    const told: string[] = [];
    const tree = new Frontier();
    for (const leaf of leaves) {
      tree.append(leaf, ({ level, index }, hash) => {
        expect(hash).toEqual(naiveRoot(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
        told.push(`${level}/${index}`);
      });
    }
    expect(told).toEqual(['1/0', '1/1', '2/0', '1/2', '1/3', '2/1', '3/0', '1/4', '1/5', '2/2']);
  });

  it('comes to the same by many leaves at a time as by one', () => {
    const parents = (pairs: Buffer) =>
      Buffer.concat(
        Array.from({ length: pairs.length / 64 }, (_, i) =>
          nodeHash(pairs.subarray(i * 64, i * 64 + 32), pairs.subarray(i * 64 + 32, i * 64 + 64)),
        ),
      );
    for (const sizes of [[1], [2], [3, 1], [1, 1, 6], [5, 11, 1, 64, 19], [0, 7, 0, 9], [8, 8, 16, 3]]) {
      const [one, many] = [new Frontier(), new Frontier()];
      const told = { one: new Map<string, string>(), many: new Map<string, string>() };
      for (const size of sizes) {
        const leaves = randomLeaves(size);
        for (const leaf of leaves) {
          one.append(leaf, ({ level, index }, hash) => told.one.set(`${level}/${index}`, hash.toString('hex')));
        }
        many.append(
          Buffer.concat(leaves),
          ({ level, index }, hashes) => {
            for (let i = 0; i * 32 < hashes.length; i++) {
              told.many.set(`${level}/${index + i}`, hashes.toString('hex', i * 32, i * 32 + 32));
            }
          },
          parents,
        );
        expect(many.size).toBe(one.size);
        expect(many.root()).toEqual(one.root());
      }
      expect(Object.fromEntries(told.many)).toEqual(Object.fromEntries(told.one));
    }
  });

  it('goes on beyond 2^32 leaves', () => {
    const size = 2 ** 40 + 2 ** 33 + 1;
    const tree = new Frontier(size, randomLeaves(3));
    const seen: number[] = [];
    tree.append(randomBytes(32), ({ level }) => seen.push(level));
    expect(seen).toEqual([1]);
    expect(tree.size).toBe(size + 1);
  });

  it('refuses an edge that does not fit its size', () => {
    expect(() => new Frontier(3, randomLeaves(1))).toThrow(RangeError);
  });
});

/** Every way to spoil a list of hashes a little. */
function mutations(proof: Buffer[]): Buffer[][] {
  const flipped = proof.map((hash, i) => {
    const other = Buffer.from(hash);
    other[i % 32] = (other[i % 32] as number) ^ (1 << (i % 8));
    return proof.with(i, other);
  });
  const dropped = proof.map((_, i) => proof.toSpliced(i, 1));
  const swapped = proof.slice(1).map((hash, i) => proof.with(i, hash).with(i + 1, proof[i] as Buffer));
  return [...flipped, ...dropped, ...swapped, [...proof, randomBytes(32)], [randomBytes(32), ...proof]];
}

// Every size up to 40 and some beyond: with every leaf and every pair of sizes.
const SIZES = [...Array.from({ length: 24 }, (_, i) => i + 1), 31, 32, 33, 40];

describe('inclusion proofs of random trees', () => {
  it.each(SIZES)('of %i leaves verify, and no mutation of them does', (size) => {
    const leaves = randomLeaves(size);
    const root = naiveRoot(leaves);
    leaves.forEach((leaf, index) => {
      const proof = proofOf(leaves, inclusionSpans(index, size));
      expect(verifyInclusion(leaf, index, size, proof, root)).toBe(true);
      for (const bad of mutations(proof)) expect(verifyInclusion(leaf, index, size, bad, root)).toBe(false);
      expect(verifyInclusion(randomBytes(32), index, size, proof, root)).toBe(false);
      expect(verifyInclusion(leaf, index, size, proof, randomBytes(32))).toBe(false);
      expect(verifyInclusion(leaf, size, size, proof, root)).toBe(false);
      for (let other = 0; other < size; other++)
        if (other !== index) expect(verifyInclusion(leaf, other, size, proof, root)).toBe(false);
    });
  });
});

describe('consistency proofs of random trees', () => {
  it.each(SIZES)('to %i leaves verify, and no mutation of them does', (to) => {
    const leaves = randomLeaves(to);
    const toRoot = naiveRoot(leaves);
    for (let from = 1; from <= to; from++) {
      const fromRoot = naiveRoot(leaves.slice(0, from));
      const proof = proofOf(leaves, consistencySpans(from, to));
      expect(verifyConsistency(from, to, fromRoot, toRoot, proof)).toBe(true);
      for (const bad of mutations(proof)) expect(verifyConsistency(from, to, fromRoot, toRoot, bad)).toBe(false);
      expect(verifyConsistency(from, to, randomBytes(32), toRoot, proof)).toBe(false);
      expect(verifyConsistency(from, to, fromRoot, randomBytes(32), proof)).toBe(false);
    }
  });

  it('are refused from size 0, and to a smaller size', () => {
    const root = randomBytes(32);
    expect(verifyConsistency(0, 5, EMPTY_ROOT, root, [])).toBe(false);
    expect(verifyConsistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])).toBe(false);
    expect(verifyConsistency(5, 4, root, root, [])).toBe(false);
    expect(() => consistencySpans(0, 5)).toThrow(RangeError);
  });
});
