import { generateKeyPairSync, sign } from 'node:crypto';
import { hashRanges, LeafRange, RangeCollector } from './leaf-ranges';
import { manifestBody, manifestFault, ManifestFacts, manifestId, RetentionManifest } from './retention-manifest';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const rawKey = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
const ours = (key: Buffer) => key.equals(rawKey);

const FACTS: ManifestFacts = {
  tenant: 'acme',
  partition: { retention: 'user_action', month: 202611 },
  horizon: '2027-11-24',
  ranges: [
    [0, 4],
    [7, 7],
  ],
  ledgerSize: 8,
};

function manifest(own: Partial<RetentionManifest> = {}, facts: ManifestFacts = FACTS): RetentionManifest {
  const createdAt = Date.UTC(2027, 10, 24);
  const body = own.body ?? manifestBody(facts, createdAt);
  return {
    ...{ tenant: 'acme', id: manifestId(facts), createdAt, retention: 'user_action', horizon: '2027-11-24' },
    ...{ leafCount: 6, ranges: facts.ranges, keyNumber: 1, publicKey: rawKey },
    ...{ body, signature: sign(null, Buffer.from(body), privateKey) },
    ...own,
  };
}

describe('leaf indices', () => {
  it('become ranges', () => {
    const collector = new RangeCollector();
    for (const leaf of [0, 1, 2, 5, 7, 8]) collector.add(leaf);
    expect([collector.count, collector.rangeCount]).toEqual([6, 3]);
    expect(collector.take()).toEqual({
      count: 6,
      ranges: [
        [0, 2],
        [5, 5],
        [7, 8],
      ],
    });
    expect(collector.take()).toEqual({ count: 0, ranges: [] });
  });

  it('have to rise', () => {
    const collector = new RangeCollector();
    collector.add(5);
    expect(() => collector.add(5)).toThrow(TypeError);
  });

  it('are hashed as pairs of 64 bits, so that ranges with the same leaves at other bounds differ', () => {
    const split: LeafRange[] = [
      [0, 0],
      [1, 1],
    ];
    expect(hashRanges([[0, 1]])).not.toBe(hashRanges(split));
    // SHA-256 of sixteen zero bytes.
    expect(hashRanges([[0, 0]])).toBe('374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb');
  });
});

describe('a retention manifest', () => {
  it('is sound as it was signed', () => {
    expect(manifestFault(manifest(), ours)).toBeUndefined();
  });

  it('has the same id for the same leaves, and another for others', () => {
    expect(manifestId({ ...FACTS, horizon: '2028-01-01' })).toBe(manifestId(FACTS));
    expect(manifestId({ ...FACTS, ranges: [[0, 4]] })).not.toBe(manifestId(FACTS));
    expect(manifestId({ ...FACTS, tenant: 'other' })).not.toBe(manifestId(FACTS));
  });

  it.each<[string, Partial<RetentionManifest>, string]>([
    ['names more leaves than were signed', { ranges: [[0, 7]] }, 'its ranges are not those that were signed'],
    ['counts otherwise', { leafCount: 7 }, 'its ranges are not those that were signed'],
    ['belongs to another tenant', { tenant: 'other' }, 'its columns differ from its body'],
    ['has another class', { retention: 'financial' }, 'its columns differ from its body'],
    ['has another day', { horizon: '2026-01-01' }, 'its columns differ from its body'],
    ['has another signature', { signature: Buffer.alloc(64) }, 'its signature is wrong'],
    ['has a key that is not ours', { publicKey: Buffer.alloc(32, 1) }, 'it is signed by an unknown key'],
    ['has a body of something else', { body: '{"format":"mcp-audit-erasure/1"}' }, 'its body is no manifest'],
  ])('that %s is not', (_, own, fault) => {
    expect(manifestFault(manifest(own), ours)).toBe(fault);
  });

  it('that names leaves which were not sealed is not', () => {
    expect(manifestFault(manifest({}, { ...FACTS, ledgerSize: 7 }), ours)).toBe('it names leaves that were not sealed');
  });
});
