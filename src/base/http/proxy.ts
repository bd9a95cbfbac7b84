import { BlockList, isIP } from 'node:net';

/**
 * The proxy through which a server is reached, by the variables that kubectl goes by: `HTTPS_PROXY` (for http
 * addresses `HTTP_PROXY`) and `NO_PROXY`, in capitals or not. Null: none. The machine itself is never behind one.
 */
export function proxyFor(server: string, env: Record<string, string | undefined>): string | null {
  const { protocol, hostname, port } = new URL(server);
  const of = (name: string) => env[name] || env[name.toLowerCase()] || null;
  const proxy = of(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === null) return null;
  const host = hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || isLoopback(host)) return null;
  const portOf = port || (protocol === 'https:' ? '443' : '80');
  const spared = (of('NO_PROXY') ?? '').split(',').map((entry) => entry.trim().toLowerCase());
  if (spared.some((entry) => covers(entry, host, portOf))) return null;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** `*`, a host (its subdomains too), `.subdomains.only`, an address, a range of addresses; a port may follow a host. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const range = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (range?.[1] !== undefined) return inRange(host, range[1], Number(range[2]));
  if (isIP(entry)) return entry === host;
  const [, name = entry, only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (only !== undefined && only !== port) return false;
  const bare = name.replace(/^\*?\./, '');
  return host.endsWith(`.${bare}`) || (host === bare && bare === name);
}

function isLoopback(host: string): boolean {
  return host === '::1' || inRange(host, '127.0.0.0', 8);
}

function inRange(host: string, network: string, bits: number): boolean {
  const family = isIP(host);
  if (family === 0 || isIP(network) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(network, bits, type);
  return list.check(host, type);
}
