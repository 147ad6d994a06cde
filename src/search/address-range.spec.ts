import { parseAddressRange } from './address-range';

const MAPPED = '00000000000000000000ffff';

describe('parseAddressRange', () => {
  it.each([
    ['203.0.113.9', `${MAPPED}cb007109`, `${MAPPED}cb007109`],
    ['203.0.113.9/24', `${MAPPED}cb007100`, `${MAPPED}cb0071ff`],
    ['0.0.0.0/0', `${MAPPED}00000000`, `${MAPPED}ffffffff`],
    ['10.1.2.3/32', `${MAPPED}0a010203`, `${MAPPED}0a010203`],
    ['::ffff:10.1.2.3', `${MAPPED}0a010203`, `${MAPPED}0a010203`],
    ['2001:DB8::1', '20010db8000000000000000000000001', '20010db8000000000000000000000001'],
    ['2001:db8::/32', '20010db8000000000000000000000000', '20010db8ffffffffffffffffffffffff'],
    ['::/0', '0'.repeat(32), 'f'.repeat(32)],
    ['::', '0'.repeat(32), '0'.repeat(32)],
    ['fe80::/10', 'fe800000000000000000000000000000', 'febfffffffffffffffffffffffffffff'],
    ['1:2:3:4:5:6:7:8/127', '00010002000300040005000600070008', '00010002000300040005000600070009'],
  ])('reads %s', (text, first, last) => {
    expect(parseAddressRange(text)).toEqual({ first, last });
  });

  it.each([
    ['', 'no IP address'],
    ['example.org', 'no IP address'],
    ['1.2.3', 'no IP address'],
    ['01.2.3.4', 'no IP address'],
    ['fe80::1%eth0', 'no IP address'],
    ['1.2.3.4/24/8', 'no IP address'],
    ['1.2.3.4/33', '0 to 32 for IPv4'],
    ['1.2.3.4/', 'prefix length ""'],
    ['1.2.3.4/-1', 'prefix length "-1"'],
    ['::/129', '0 to 128 for IPv6'],
  ])('says what is wrong with "%s"', (text, message) => {
    expect(parseAddressRange(text)).toContain(message);
  });
});
