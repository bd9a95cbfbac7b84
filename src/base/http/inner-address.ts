import { lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Networks that are nobody's public address: this machine, its links, private ones, and what stands for them. */
const INNER: readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

const inner = new BlockList();
for (const [network, prefix, family] of INNER) inner.addSubnet(network, prefix, family);

/** Whether an IP address is one that only this machine, or its own network, has. IPv4 in IPv6 counts as what it is. */
export function isInnerAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, '');
  // Mapped ones are compared as IPv4 by the list itself.
  return inner.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

/** An address that must not be reached was named, or a name stands for one. */
export class InnerAddress extends Error {
  override readonly name = 'InnerAddress';

  constructor(host: string) {
    super(`${host} is an address of an inner network`);
  }
}

/** Whether a host is written as an inner address, or is this machine's own name. Names are looked up when they are reached. */
export function isInnerHost(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (isIP(plain) !== 0) return isInnerAddress(plain);
  return plain === 'localhost' || plain.endsWith('.localhost');
}

/**
 * Looks a name up for a connection, which then goes to what was found: a name that stands for an inner address is refused
 * (InnerAddress), also when it stood for another one a moment ago.
 */
export const outerLookup: LookupFunction = (host, options, done) => {
  systemLookup(host, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, '');
    const [first] = addresses;
    if (first === undefined || addresses.some(({ address }) => isInnerAddress(address)))
      return done(new InnerAddress(host), '');
    if (options.all) return done(null, addresses);
    done(null, first.address, first.family);
  });
};
