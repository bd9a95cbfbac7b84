import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AichorError } from '../../errors.ts';
import { sortedListing, type Listing } from '../listing/listing.ts';
import { snapshotDigest } from './digest.ts';
import { hashFiles, type HashProgress } from './reading/hash-files.ts';
import { formatBytes, largestEntries, type Weight } from './largest.ts';
import { RULE_FILE, selectionFor } from './selection/selection.ts';
import { assertLinksStay } from './leaving-links.ts';
import { openStatCache } from './reading/stat-cache.ts';
import { addTracked, trackedThoughIgnored } from './selection/tracked.ts';
import { walk, type Tree } from './reading/walk.ts';

/** A directory as it would be sent. */
export interface Scan {
  /** `sha256:…` of the listing. */
  digest: string;
  listing: Listing;
  notices: { code: string; message: string }[];
  /** Files and links. */
  files: number;
  /** Content of all files together. */
  bytes: number;
  /** Five entries of the top two levels, heaviest first; folders end in `/`. */
  largest: Weight[];
}

export interface ScanOptions {
  /** Where hashes are remembered between scans; null: nowhere. */
  cacheFolder: string | null;
  onProgress?: ((progress: HashProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Most bytes that the server takes. */
  limitBytes?: number | undefined;
  env?: Readonly<Record<string, string | undefined>> | undefined;
  now?: (() => number) | undefined;
}

export const DEFAULT_LIMIT_BYTES = 2e9;
const NOTICE_BYTES = 100e6;

/**
 * Reads a directory into a listing (contract 6: what is packed). Throws AichorError: `usage` when it is no
 * directory, `repository_invalid` for unreadable files and links that leave it, `too_large` above the limit
 * (before any content is read).
 */
export async function scanDirectory(root: string, options: ScanOptions): Promise<Scan> {
  const folder = resolve(root);
  assertDirectory(folder);
  const tree = await selectTree(folder, options);
  assertLinksStay(tree.links);
  const largest = largestEntries(tree.files);
  const bytes = tree.files.reduce((sum, file) => sum + file.bytes, 0);
  assertSize(bytes, largest, options.limitBytes ?? DEFAULT_LIMIT_BYTES);
  if (bytes > NOTICE_BYTES)
    tree.notices.push({ code: 'large_snapshot', message: weightSentence(bytes, largest) });
  const cache =
    options.cacheFolder === null ? null : openStatCache(join(options.cacheFolder, 'packing'), folder);
  const files = await hashFiles(folder, tree.files, { ...options, cache });
  const listing = sortedListing([...files, ...tree.links, ...tree.folders]);
  return {
    digest: snapshotDigest(listing),
    listing,
    notices: tree.notices,
    files: files.length + tree.links.length,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    largest,
  };
}

async function selectTree(folder: string, { env = process.env, signal }: ScanOptions): Promise<Tree> {
  const selection = selectionFor(folder, env);
  // Git runs beside the walk.
  const tracked = selection.repository === null ? null : trackedThoughIgnored(folder, env);
  const tree = await walk(folder, selection, signal);
  if (tracked === null) return tree;
  const { paths, notice } = await tracked;
  if (notice !== null) tree.notices.push({ code: 'git_unavailable', message: notice });
  addTracked(folder, paths, tree);
  return tree;
}

function assertDirectory(folder: string): void {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return;
  throw new AichorError('usage', `${folder} ${stat ? 'is not a directory' : 'does not exist'}`, {
    hint: 'name the directory of the repository with --repo-dir',
  });
}

function assertSize(bytes: number, largest: readonly Weight[], limit: number): void {
  if (bytes <= limit) return;
  throw new AichorError(
    'too_large',
    `${weightSentence(bytes, largest)}; at most ${formatBytes(limit)} can be sent`,
    {
      hint: `list what the experiment does not need in ${RULE_FILE} (gitignore syntax), for example: ${largest[0]?.path}`,
    },
  );
}

function weightSentence(bytes: number, largest: readonly Weight[]): string {
  const named = largest.map((entry) => `${entry.path} ${formatBytes(entry.bytes)}`).join(', ');
  return `the directory has ${formatBytes(bytes)} to send; most of it: ${named}`;
}
