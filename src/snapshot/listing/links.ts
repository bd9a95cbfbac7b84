import type { LinkEntry, Listing, ListingEntry } from './listing.ts';

/** As many links as Linux follows before it says ELOOP. */
const MOST_HOPS = 40;

/**
 * Where a path of a snapshot leads when its links are followed the way a file system does it:
 * `{path}` inside the tree (whether or not something is there), `leaves` when a step goes above the root,
 * `loop` when it never arrives.
 */
export type Resolved = { path: string } | 'leaves' | 'loop';

export function resolvePath(path: string, linkAt: (path: string) => LinkEntry | undefined): Resolved {
  const ahead = path.split('/').reverse();
  const reached: string[] = [];
  let hops = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (reached.pop() === undefined) return 'leaves';
      continue;
    }
    const link = linkAt([...reached, part].join('/'));
    if (!link) {
      reached.push(part);
      continue;
    }
    if (isNeverInside(link.target)) return 'leaves';
    if (++hops > MOST_HOPS) return 'loop';
    ahead.push(...link.target.split('/').reverse());
  }
  return { path: reached.join('/') };
}

/** The first link of a listing that leads out of the tree, by itself or by way of other links. */
export function findLeavingLink({ entries }: Listing): LinkEntry | undefined {
  const links = new Map(entries.filter(isLink).map((link) => [link.path, link]));
  for (const link of links.values()) {
    if (!linkStaysInside(link.path, link.target)) return link;
    // A link without `..` goes wrong only by way of another one, which is found by itself.
    if (link.target.includes('..') && resolvePath(link.path, (path) => links.get(path)) === 'leaves')
      return link;
  }
  return undefined;
}

/** Whether a link at `path` that says `target` points to something inside the tree, going by the names alone. */
export function linkStaysInside(path: string, target: string): boolean {
  if (isNeverInside(target)) return false;
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    depth += part === '..' ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}

/** Targets that no tree holds: absolute ones, and what cannot be a link's text at all. */
function isNeverInside(target: string): boolean {
  return target === '' || target.startsWith('/') || target.includes('\0');
}

function isLink(entry: ListingEntry): entry is LinkEntry {
  return entry.kind === 'link';
}
