import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { binding, fieldBinding, hmacSha256, isHmacSha256, open, seal, sealText } from './crypto';

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

describe('AES-256-GCM', () => {
  // Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", as taken over by NIST.
  const key = hex('feffe9928665731c6d6a8f9467308308 feffe9928665731c6d6a8f9467308308');
  const nonce = hex('cafebabefacedbaddecaf888');
  const plain = hex(
    'd9313225f88406e5a55909c5aff5269a 86a7a9531534f7da2e4c303d8a318a72 1c3c0c95956809532fcf0e2449a6b525 b16aedf5aa0de657ba637b39',
  );
  const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
  const cipherText = hex(
    '522dc1f099567d07f47f37a32a84427d 643a8cdcbfe5c0c97598a2bd2555d1aa 8cb08e48590dbb3da7b08b1056828838 c5f61e6393ba7a0abcc9f662',
  );
  const tag = hex('76fc6ece0f4e1768cddf8853bb2d551b');

  it('gives the known answer of the standard for the primitive that seal and open use', () => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(aad);
    expect(Buffer.concat([cipher.update(plain), cipher.final()])).toEqual(cipherText);
    expect(cipher.getAuthTag()).toEqual(tag);
  });

  it('opens the known answers of NIST with an empty text and with one block', () => {
    const zero = Buffer.alloc(32);
    const none = Buffer.concat([Buffer.alloc(12), hex('530f8afbc74536b9a963b4f1c4cb738b')]);
    expect(open(zero, none, '')).toHaveLength(0);
    const block = Buffer.concat([
      Buffer.alloc(12),
      hex('cea7403d4d606b6e074ec5d3baf39d18'),
      hex('d0d1c8a799996bf0265b98b5d48ab919'),
    ]);
    expect(open(zero, block, '')).toEqual(Buffer.alloc(16));
  });

  it('lays sealed bytes out as nonce, ciphertext, tag, with the binding as additional data', () => {
    const sealed = seal(key, 'ana@example.org', 'bound to this');
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
    decipher.setAAD(Buffer.from('bound to this'));
    decipher.setAuthTag(sealed.subarray(-16));
    const text = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString();
    expect(text).toBe('ana@example.org');
  });

  it('refuses every altered byte, another binding and another key', () => {
    const sealed = seal(key, 'secret', 'a');
    expect(open(key, sealed, 'a').toString()).toBe('secret');
    for (let i = 0; i < sealed.length; i++) {
      const altered = Buffer.from(sealed);
      altered[i] = (altered[i] ?? 0) ^ 1;
      expect(() => open(key, altered, 'a')).toThrow('altered');
    }
    expect(() => open(key, sealed, 'b')).toThrow('altered');
    expect(() => open(randomBytes(32), sealed, 'a')).toThrow('altered');
    expect(() => open(key, sealed.subarray(0, 20), 'a')).toThrow('altered');
  });

  it('never uses a nonce twice', () => {
    const nonces = new Set(Array.from({ length: 2000 }, () => seal(key, '', '').subarray(0, 12).toString('hex')));
    expect(nonces.size).toBe(2000);
  });

  it.each(['', 'x', 'ä😀'.repeat(50), 'y'.repeat(2720), '€'.repeat(2722), 'z'.repeat(100_000)])(
    'seals a text as it seals bytes (%#)',
    (text) => {
      const one = sealText(key, text, 'bound');
      const other = sealText(key, text, 'bound');
      expect(one).not.toBe(other);
      for (const sealed of [one, other]) {
        expect(open(key, Buffer.from(sealed, 'base64url'), 'bound').toString()).toBe(text);
      }
    },
  );
});

describe('binding', () => {
  it('differs for different parts, however they are cut', () => {
    expect(binding('a', 'bc')).not.toBe(binding('ab', 'c'));
    expect(binding('a","b')).not.toBe(binding('a', 'b'));
    expect(binding(1)).not.toBe(binding('1'));
  });

  it.each(['details.email', 'a"b', 'back\\slash', 'ä\n', ''])('of a field is that of its parts: %j', (field) => {
    expect(fieldBinding('acme', 'id', field)).toBe(binding('field', 'acme', 'id', field));
  });
});

describe('HMAC-SHA256', () => {
  it.each([
    ['0b'.repeat(20), '4869205468657265', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      '4a656665',
      '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      '0102030405060708090a0b0c0d0e0f10111213141516171819',
      'cd'.repeat(50),
      '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    ],
    [
      'aa'.repeat(131),
      '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('gives the answer of RFC 4231 for key %s', (key, message, answer) => {
    expect(hmacSha256(hex(key), hex(message)).toString('hex')).toBe(answer);
  });

  it('knows its own signature and no other', () => {
    const key = randomBytes(32);
    const signature = hmacSha256(key, 'message');
    expect(isHmacSha256(key, 'message', signature)).toBe(true);
    expect(isHmacSha256(key, 'messagf', signature)).toBe(false);
    expect(isHmacSha256(key, 'message', signature.subarray(1))).toBe(false);
  });
});
