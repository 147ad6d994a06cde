import { formatRootKeys, newRootKey, parseRootKeys, rootKeyId } from './root-key';

const text = ({ key }: { key: Buffer }) => key.toString('base64');

describe('root keys', () => {
  const [a, b] = [newRootKey(), newRootKey()];

  it('are read from a variable or a file; the first wraps', () => {
    for (const joined of [`${text(a)},${text(b)}`, `${text(a)}\n${text(b)}\n`]) {
      expect(parseRootKeys(joined, 'x')).toEqual({ keys: [a, b], next: undefined });
    }
  });

  it('tell one that a rotation has made from one that wraps, wherever it stands', () => {
    expect(parseRootKeys(`next:${text(b)}\n${text(a)}`, 'x')).toEqual({ keys: [a, b], next: b });
  });

  it.each([[[a], undefined] as const, [[a, b], b] as const, [[b, a], undefined] as const])(
    'are read as they were written (case %#)',
    (keys, next) => {
      expect(parseRootKeys(formatRootKeys({ keys: [...keys], next }), 'x')).toEqual({ keys: [...keys], next });
    },
  );

  it.each(['', 'c2hvcnQ=', `${'A'.repeat(43)}!`, `next:${text(a)}`])(
    'are refused as %j, without repeating it',
    (given) => {
      expect(() => parseRootKeys(given, 'AUDIT_ROOT_KEY')).toThrow(/^AUDIT_ROOT_KEY/);
      expect(() => parseRootKeys(`secret-${given}`, 'AUDIT_ROOT_KEY')).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('secret-') as string }) as Error,
      );
    },
  );

  it('have an id that tells them apart and is not the key', () => {
    expect(rootKeyId(a.key)).toBe(a.id);
    expect(a.id).toMatch(/^[0-9a-f]{16}$/);
    expect(a.id).not.toBe(b.id);
    expect(a.key.toString('hex')).not.toContain(a.id);
  });
});
