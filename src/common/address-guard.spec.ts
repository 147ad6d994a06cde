import { AddressGuard, isRange } from './address-guard';

describe('AddressGuard', () => {
  const guard = new AddressGuard(['10.1.0.0/16', '192.168.7.7', 'fd00::/16']);

  it.each([
    ...[
      '127.0.0.1',
      '10.0.0.1',
      '172.16.5.4',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
    ],
    ...['224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'ff02::1', '2001:db8::1'],
    ...[
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '0:0:0:0:0:ffff:a9fe:a9fe',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
      '::127.0.0.1',
    ],
  ])('refuses %s, which is not of the public Internet', (address) => {
    expect(guard.isAllowed(address)).toBe(false);
  });

  it.each(['8.8.8.8', '172.32.0.1', '2606:4700:4700::1111', '::ffff:8.8.8.8'])('lets %s be', (address) => {
    expect(guard.isAllowed(address)).toBe(true);
    expect(guard.isNamed(address)).toBe(false);
  });

  it.each(['10.1.2.3', '192.168.7.7', 'fd00::5', '::ffff:10.1.2.3'])(
    'allows %s, which the operator has named',
    (address) => {
      expect(guard.isAllowed(address)).toBe(true);
      expect(guard.isNamed(address)).toBe(true);
    },
  );

  it('takes addresses and CIDR ranges', () => {
    expect(['10.0.0.0/8', '::1', 'fd00::/8'].every(isRange)).toBe(true);
    expect(['10.0.0.0/33', 'localhost', '10.0.0.0/8/8', '10.0.0.0/x'].some(isRange)).toBe(false);
    expect(() => new AddressGuard(['localhost'])).toThrow('CIDR');
  });
});
