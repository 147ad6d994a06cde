import { isIPv4, isIPv6 } from 'node:net';

/** An address or a CIDR range as the first and last address of it, as 32 hex digits of IPv6 (IPv4 mapped). */
export interface AddressRange {
  first: string;
  last: string;
}

const MAPPED = 0xffff_0000_0000n;
const ALL = (1n << 128n) - 1n;

/**
 * Reads `203.0.113.9`, `203.0.113.0/24`, `2001:db8::1` or `2001:db8::/32`. Bits behind the prefix do not count, as in most
 * tools: `203.0.113.9/24` is the network of that address.
 * @returns the range, or what is wrong with the text.
 */
export function parseAddressRange(text: string): AddressRange | string {
  const [address = '', prefixText, ...more] = text.split('/');
  const v4 = isIPv4(address);
  if (more.length > 0 || (!v4 && !(isIPv6(address) && !address.includes('%')))) {
    return `"${text}" is no IP address or CIDR range such as 203.0.113.9, 203.0.113.0/24 or 2001:db8::/32`;
  }
  const bits = v4 ? 32 : 128;
  if (prefixText !== undefined && !(/^\d{1,3}$/.test(prefixText) && Number(prefixText) <= bits)) {
    return `"${text}" has the prefix length "${prefixText}"; it must be 0 to ${bits} for IPv${v4 ? 4 : 6}`;
  }
  const value = v4 ? MAPPED | ipv4Number(address) : ipv6Number(address);
  const hostBits = BigInt(bits - Number(prefixText ?? bits));
  const host = (1n << hostBits) - 1n;
  return { first: hex(value & (ALL ^ host)), last: hex(value | host) };
}

const hex = (value: bigint) => value.toString(16).padStart(32, '0');

function ipv4Number(address: string): bigint {
  return address.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
}

/** `address` is valid; an IPv4 tail (`::ffff:203.0.113.9`) stands for its last two groups. */
function ipv6Number(address: string): bigint {
  const tail = address.includes('.') ? address.slice(address.lastIndexOf(':') + 1) : undefined;
  const v4 = tail === undefined ? 0n : ipv4Number(tail);
  const text =
    tail === undefined
      ? address
      : `${address.slice(0, -tail.length)}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  const [head = '', rest] = text.split('::');
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'));
  const front = groupsOf(head);
  const back = rest === undefined ? [] : groupsOf(rest);
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => '0');
  return [...front, ...zeros, ...back].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
