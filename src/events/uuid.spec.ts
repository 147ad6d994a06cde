import { derivedUuidV7, isUuid, uuidFromBytes, uuidToBytes, uuidV7 } from './uuid';

const NOW = Date.UTC(2026, 10, 23, 5, 16, 0, 123);
const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const timeOf = (uuid: string) => uuidToBytes(uuid).readUIntBE(0, 6);

describe('uuidV7', () => {
  it('has the form of version 7 and carries the time', () => {
    const later = NOW + 3_600_000;
    const id = uuidV7(later);
    expect(id).toMatch(V7);
    expect(timeOf(id)).toBe(later);
  });

  it('rises strictly, also within one millisecond and when the clock steps back', () => {
    const ids = Array.from({ length: 20_000 }, (_, i) => uuidV7(NOW - (i % 3)));
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(ids).toHaveLength(20_000);
  });
});

describe('derivedUuidV7', () => {
  it('gives the same id for the same seed and time, and another for another', () => {
    const id = derivedUuidV7('seed:0', NOW);
    expect(id).toMatch(V7);
    expect(timeOf(id)).toBe(NOW);
    expect(derivedUuidV7(Buffer.from('seed:0'), NOW)).toBe(id);
    expect(derivedUuidV7('seed:1', NOW)).not.toBe(id);
    expect(derivedUuidV7('seed:0', NOW + 1)).not.toBe(id);
  });
});

describe('uuid bytes', () => {
  it('go back and forth, in lower case', () => {
    const id = '0197F2A0-5B7E-4C3A-9D1E-2F4B6A8C0D12';
    expect(isUuid(id)).toBe(true);
    expect(uuidFromBytes(uuidToBytes(id))).toBe(id.toLowerCase());
    expect(isUuid(id.replaceAll('-', ''))).toBe(false);
  });
});
