import { createHmac, randomBytes } from 'node:crypto';
import { HmacSigner } from './hmac-signer';

const sign = (key: Buffer, message: Buffer) =>
  Buffer.from(new HmacSigner(key).sign(message.toString('latin1')), 'latin1').toString('hex');

describe('HmacSigner', () => {
  // RFC 4231, test cases 1, 2, 6 and 7.
  it.each([
    ['0b'.repeat(20), Buffer.from('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      Buffer.from('Jefe').toString('hex'),
      Buffer.from('what do ya want for nothing?'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      'aa'.repeat(131),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      'aa'.repeat(131),
      Buffer.from(
        'This is a test using a larger than block-size key and a larger than block-size data. ' +
          'The key needs to be hashed before being used by the HMAC algorithm.',
      ),
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ])('gives the known answer for key %s', (key, message, expected) => {
    expect(sign(Buffer.from(key, 'hex'), message)).toBe(expected);
  });

  it('agrees with the library for messages of every length around the block', () => {
    const key = randomBytes(32);
    const signer = new HmacSigner(key);
    for (let length = 0; length < 200; length++) {
      const message = randomBytes(length);
      const made = signer.sign(message.toString('latin1'));
      expect(Buffer.from(made, 'latin1')).toEqual(createHmac('sha256', key).update(message).digest());
    }
  });
});
