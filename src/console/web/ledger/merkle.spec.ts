import { fromHex, toHex } from './bytes';
import { leafHash, nodeHash, verifyConsistency, verifyInclusion } from './merkle';

/** The leaves and roots that RFC 6962's reference implementation tests with. */
const ENTRIES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOT_7 = fromHex('ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c');
const ROOT_8 = fromHex('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');

const leaves = () => Promise.all(ENTRIES.map((entry) => leafHash(fromHex(entry))));
type Hash = Awaited<ReturnType<typeof leafHash>>;
const at = (hashes: readonly Hash[], index: number): Hash => hashes[index] ?? fromHex('');

async function tree() {
  const l = await leaves();
  const pairs = await Promise.all([0, 2, 4, 6].map((i) => nodeHash(at(l, i), at(l, i + 1))));
  const quads = await Promise.all([0, 2].map((i) => nodeHash(at(pairs, i), at(pairs, i + 1))));
  return { l, pairs, quads };
}

describe('a proof checked in the browser', () => {
  it('leads from each leaf to the root', async () => {
    const { l, pairs, quads } = await tree();
    expect(toHex(await nodeHash(at(quads, 0), at(quads, 1)))).toBe(toHex(ROOT_8));
    expect(await verifyInclusion(at(l, 5), 5, 8, [at(l, 4), at(pairs, 3), at(quads, 0)], ROOT_8)).toBe(true);
    expect(await verifyInclusion(at(l, 6), 6, 7, [at(pairs, 2), at(quads, 0)], ROOT_7)).toBe(true);
  });

  it('fails for another leaf, another place, another length and another root', async () => {
    const { l, pairs, quads } = await tree();
    const proof = [at(l, 4), at(pairs, 3), at(quads, 0)];
    expect(await verifyInclusion(at(l, 4), 5, 8, proof, ROOT_8)).toBe(false);
    expect(await verifyInclusion(at(l, 5), 4, 8, proof, ROOT_8)).toBe(false);
    expect(await verifyInclusion(at(l, 5), 5, 8, proof.slice(0, 2), ROOT_8)).toBe(false);
    expect(await verifyInclusion(at(l, 5), 5, 8, [...proof, at(l, 0)], ROOT_8)).toBe(false);
    expect(await verifyInclusion(at(l, 5), 5, 8, proof, ROOT_7)).toBe(false);
    expect(await verifyInclusion(at(l, 5), 8, 8, proof, ROOT_8)).toBe(false);
  });

  it('shows that a tree only grew, and fails where it did not', async () => {
    const { l, pairs, quads } = await tree();
    const seven = { size: 7, root: ROOT_7 };
    const eight = { size: 8, root: ROOT_8 };
    const proof = [at(l, 6), at(l, 7), at(pairs, 2), at(quads, 0)];
    expect(await verifyConsistency(seven, eight, proof)).toBe(true);
    expect(await verifyConsistency({ size: 4, root: at(quads, 0) }, eight, [at(quads, 1)])).toBe(true);
    expect(await verifyConsistency(eight, eight, [])).toBe(true);
    expect(await verifyConsistency({ size: 7, root: at(quads, 0) }, eight, proof)).toBe(false);
    expect(await verifyConsistency(seven, eight, proof.slice(1))).toBe(false);
    expect(await verifyConsistency({ size: 0, root: ROOT_7 }, eight, [])).toBe(false);
  });
});
