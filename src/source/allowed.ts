import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { AichorError } from '../errors.ts';
import { maskCredentials } from './mask.ts';
import { assertRepository, isLocal } from './repository.ts';

/** Where repositories may lie that somebody else names. */
export interface Reach {
  /** Folders of this machine. */
  local: boolean;
  /** Addresses of this machine and of inner networks; plain http only there. */
  inner: boolean;
}

type Resolve = (host: string) => Promise<readonly { address: string; family: number }[]>;

/** The parts of a repository's address that matter to whoever connects; null: it is a path, or no address that is known. */
export function placeOfRepository(
  repository: string,
): { protocol: 'https' | 'http' | 'ssh'; host: string; port: string | null; user: string | null } | null {
  const url = /^(https?|ssh):\/\/(?:([^/@]*)@)?(\[[^\]]+\]|[^/:]+)(?::(\d+))?(?:\/|$)/i.exec(repository);
  const scp = url === null ? /^(?:([^/@:]+)@)?(\[[^\]]+\]|[^/:]+):(?!\/\/)/.exec(repository) : null;
  const [protocol, user, host, port] =
    url === null ? ['ssh', scp?.[1], scp?.[2], undefined] : url.slice(1, 5);
  if (host === undefined || host.startsWith('-')) return null;
  const lower = protocol?.toLowerCase();
  return {
    protocol: lower === 'https' || lower === 'http' ? lower : 'ssh',
    host: host.replace(/^\[|\]$/g, '').toLowerCase(),
    port: port ?? null,
    user: user ?? null,
  };
}

/**
 * Refuses what somebody else may not make us connect to. Returns the addresses that the host has now, so that it cannot
 * mean another one a moment later; none for what is not looked up.
 *
 * @throws AichorError `forbidden` for what is not allowed, `usage` for what is no address, `not_found` for no host
 */
export async function assertAllowed(
  repository: string,
  { local, inner }: Reach,
  resolve: Resolve = (host) => lookup(host, { all: true }),
): Promise<string[]> {
  assertRepository(repository);
  if (isLocal(repository)) {
    if (local) return [];
    throw forbidden('a repository on the server itself is read for its own user only', null);
  }
  const place = placeOfRepository(repository);
  if (place === null || (place.protocol !== 'ssh' && place.user !== null))
    throw new AichorError(
      'usage',
      `${JSON.stringify(maskCredentials(repository))} cannot be the address of a repository`,
      { hint: 'give an https or ssh URL, without a name or password in front of the host' },
    );
  if (inner) return [];
  if (place.protocol === 'http')
    throw forbidden('what is fetched over http can be read and changed on the way', 'give the https URL');
  const addresses = await addressesOf(place.host, resolve);
  if (!addresses.some(isInner)) return addresses;
  throw forbidden(
    `${place.host} is an address of the server's own machine or of its inner network`,
    'an admin allows it for a project: aichor projects create --allow-inner-addresses',
  );
}

async function addressesOf(host: string, resolve: Resolve): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await resolve(host)).map(({ address }) => address);
  } catch (cause) {
    throw new AichorError('not_found', `there is no host ${host}`, {
      hint: 'see that its name is right',
      cause,
    });
  }
}

const INNER = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  INNER.addSubnet(net, bits, 'ipv4');
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  INNER.addSubnet(net, bits, 'ipv6');

/** Whether an address is one of this machine, or not reached from everywhere. IPv4 in the form of IPv6 is what it stands for. */
export function isInner(address: string): boolean {
  const version = isIP(address);
  return version === 0 || INNER.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

function forbidden(message: string, hint: string | null): AichorError {
  return new AichorError('forbidden', message, {
    hint: hint ?? 'give an https or ssh URL; for files of yours, aichor experiments submit local',
  });
}
