import { BlockList, isIP, isIPv4 } from 'node:net';
import { AppError } from '../common/app-error';

/** Addresses that are not of the public Internet: this machine, its networks, and what has no unicast meaning. */
const NOT_PUBLIC = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
  // Of IPv6 only 2000::/3 is public; in it, documentation, Teredo, ORCHID and 6to4, which can carry any IPv4 address.
  ...['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
];

/** Ranges of both families, apart: a list of Node takes an IPv4 address for its mapped IPv6 one too, and ::/3 holds those. */
interface Ranges {
  ipv4: BlockList;
  ipv6: BlockList;
}

/** Says which addresses may be connected to on behalf of a tenant. */
export class AddressGuard {
  private readonly refused = listOf(NOT_PUBLIC);
  private readonly allowed: Ranges;

  /** @param allowed addresses and CIDR ranges that are allowed although they are not public */
  constructor(allowed: readonly string[]) {
    this.allowed = listOf(allowed);
  }

  /** Whether the operator has named the address. */
  isNamed(address: string): boolean {
    return contains(this.allowed, address);
  }

  isAllowed(address: string): boolean {
    return this.isNamed(address) || !contains(this.refused, address);
  }
}

const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6');

function contains(ranges: Ranges, address: string): boolean {
  const plain = mappedV4(address) ?? address.split('%')[0] ?? '';
  const family = familyOf(plain);
  return ranges[family].check(plain, family);
}

/** The IPv4 address that an IPv6 address stands for, in either way of writing. */
function mappedV4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const [, tail] = /^\[::ffff:([^\]]+)\]$/.exec(new URL(`http://[${address.split('%')[0]}]`).host) ?? [];
  if (tail === undefined) return undefined;
  const [high = 0, low = 0] = tail.split(':').map((part) => parseInt(part, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function listOf(ranges: readonly string[]): Ranges {
  const lists: Ranges = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = familyOf(address);
    if (!isRange(range)) {
      throw new AppError('CONFIG_INVALID', 500, `"${range}" is no address or CIDR range such as 10.1.0.0/16`);
    }
    if (prefix === undefined) lists[family].addAddress(address, family);
    else lists[family].addSubnet(address, Number(prefix), family);
  }
  return lists;
}

/** Whether a text is an address or a CIDR range. */
export function isRange(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}
