import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatBytes } from '../../base/text/bytes.ts';
import { AichorError } from '../../errors.ts';
import { largestEntries, type Weight } from './largest.ts';
import { assertLinksStay } from './leaving-links.ts';
import { hashFiles, type HashProgress } from './reading/hash-files.ts';
import { buildRecord, fileHashes, patchRecord } from './reading/build-record.ts';
import { readRecord, recordPath, writeRecord, type ScanRecord } from './reading/record.ts';
import { changedFiles, type ChangedFile } from './reading/same-tree.ts';
import { walk, type Tree } from './reading/walk.ts';
import { createScan, type Scan } from './scanned.ts';
import { gitMark, gitState, type GitState } from './selection/git-state.ts';
import { notLeftOutByOwn } from './selection/rules.ts';
import { RULE_FILE, selectionFor, type TreeSelection } from './selection/selection.ts';
import { rulesMark } from './selection/rules-mark.ts';
import { addTracked, trackedThoughIgnored } from './selection/tracked.ts';

export type { Scan, WireText } from './scanned.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface ScanOptions {
  /** Where is remembered what was read, between scans; null: nowhere. */
  cacheFolder: string | null;
  onProgress?: ((progress: HashProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Most bytes that the server takes. */
  limitBytes?: number | undefined;
  env?: Env | undefined;
  now?: (() => number) | undefined;
}

export const DEFAULT_LIMIT_BYTES = 2e9;
const NOTICE_BYTES = 100e6;

/** Small contents that are read are kept up to this many bytes, to be sent without reading them again. */
const KEPT_BYTES = 64 << 20;

/**
 * Reads a directory into a listing (contract 6: what is packed). Throws AichorError: `usage` when it is no
 * directory, `repository_invalid` for unreadable files and links that leave it, `too_large` above the limit
 * (before any content is read), `conflict` for a file that is written to all the time.
 */
export async function scanDirectory(root: string, options: ScanOptions): Promise<Scan> {
  const { cacheFolder, env = process.env, now = Date.now } = options;
  const folder = resolve(root);
  assertDirectory(folder);
  const startedAt = now();
  const selection = selectionFor(folder, env);
  const rules = rulesMark(selection, startedAt);
  const memory = cacheFolder === null ? null : join(cacheFolder, 'packing');
  const known = memory === null ? null : readRecord(recordPath(memory, folder));
  const scanning = { folder, options: { ...options, env }, startedAt, rules };
  const isSameSelection = known !== null && rules !== null && known.about.rules === rules;
  const changed = isSameSelection ? await changedFiles(folder, known, options.signal) : null;
  const mark = selection.inside === null ? null : gitMark(selection.inside, startedAt);
  const isSameState = changed?.length === 0 && mark !== null && mark === known?.about.git.mark;
  // Git looks beside the reading.
  const git = selection.inside === null || isSameState ? null : gitState(folder, env);
  const scan =
    known !== null && changed !== null
      ? await scanChanged({ known, changed }, scanning)
      : await scanAll({ known, selection }, scanning);
  if (!isSameState) noteGit(scan, await git, mark);
  const { bytes } = scan.record.about;
  assertSize(scan, options.limitBytes ?? DEFAULT_LIMIT_BYTES);
  if (bytes > NOTICE_BYTES)
    scan.notices.push({ code: 'large_snapshot', message: weightSentence(bytes, scan.largest) });
  // Last, with what was found out on the way.
  if (memory !== null && !isSameRecord(scan.record, known)) writeRecord(memory, folder, scan.record);
  return scan;
}

function noteGit(scan: Scan, state: GitState | null, mark: string | null): void {
  scan.git = state;
  scan.record = { ...scan.record, about: { ...scan.record.about, git: { state, mark: mark ?? '' } } };
}

/** Nothing that would have to be written: outside of a repository, noting that there is none is no news. */
function isSameRecord(record: ScanRecord, known: ScanRecord | null): boolean {
  return (
    record.text === known?.text &&
    record.looks === known.looks &&
    record.about.git.mark === known.about.git.mark &&
    record.about.largest === known.about.largest
  );
}

interface Scanning {
  folder: string;
  options: ScanOptions & { env: Env };
  startedAt: number;
  /** Null: what decides about what is taken may change without showing it. */
  rules: string | null;
}

/** Reads only what may have changed since the last time. */
async function scanChanged(
  { known, changed }: { known: ScanRecord; changed: readonly ChangedFile[] },
  { folder, options, startedAt }: Scanning,
): Promise<Scan> {
  if (changed.length === 0) return createScan(known, { base: known.about.digest, changed: [] });
  const files = changed.map(({ found }) => found);
  const { entries, contents } = await hashFiles(folder, files, { ...options, keep: KEPT_BYTES });
  // Gone since it was looked at: what is left is another tree.
  if (entries.length < changed.length) return scanDirectory(folder, { ...options, cacheFolder: null });
  const { record, lines } = patchRecord(known, { changed, entries, startedAt });
  return createScan(record, { base: known.about.digest, changed: lines, contents });
}

async function scanAll(
  { known, selection }: { known: ScanRecord | null; selection: TreeSelection },
  { folder, options, startedAt, rules }: Scanning,
): Promise<Scan> {
  const tree = await selectTree(folder, selection, options);
  assertLinksStay(tree.links);
  assertTreeSize(tree, options.limitBytes ?? DEFAULT_LIMIT_BYTES);
  const hashes = known && fileHashes(known);
  const hashed = await hashFiles(folder, tree.files, {
    ...options,
    keep: KEPT_BYTES,
    ...(hashes && { known: hashes }),
  });
  const record = buildRecord(folder, tree, { files: hashed.entries, startedAt, rules });
  return createScan(record, { base: known?.about.digest ?? null, known, contents: hashed.contents });
}

/** What of a directory is taken: by its rules, and what Git tracks all the same. No content is read. */
export async function selectTree(
  folder: string,
  selection: TreeSelection,
  { env, signal }: { env: Env; signal?: AbortSignal | undefined },
): Promise<Tree> {
  // Git runs beside the walk.
  const tracked = selection.repository === null ? null : trackedThoughIgnored(folder, env);
  const tree = await walk(folder, selection, { signal });
  if (tracked === null) return tree;
  const { paths, notice } = await tracked;
  if (notice !== null) tree.notices.push({ code: 'git_unavailable', message: notice });
  addTracked(folder, notLeftOutByOwn(paths, selection.rules), tree);
  return tree;
}

function assertDirectory(folder: string): void {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return;
  throw new AichorError('usage', `${folder} ${stat ? 'is not a directory' : 'does not exist'}`, {
    hint: 'name the directory of the repository with --repo-dir',
  });
}

function assertTreeSize({ files }: Tree, limit: number): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > limit) throw tooLarge(bytes, { largest: largestEntries(files), limit });
}

/** Once more, because files may have grown, or nothing was walked. */
function assertSize(scan: Scan, limit: number): void {
  if (scan.bytes > limit) throw tooLarge(scan.bytes, { largest: scan.largest, limit });
}

function tooLarge(
  bytes: number,
  { largest, limit }: { largest: readonly Weight[]; limit: number },
): AichorError {
  return new AichorError(
    'too_large',
    `${weightSentence(bytes, largest)}; at most ${formatBytes(limit)} can be sent`,
    {
      hint: `list what the experiment does not need in ${RULE_FILE} (gitignore syntax), for example: ${largest[0]?.path}; max_snapshot_gb in settings.json sets the limit`,
    },
  );
}

function weightSentence(bytes: number, largest: readonly Weight[]): string {
  const named = largest.map((entry) => `${entry.path} ${formatBytes(entry.bytes)}`).join(', ');
  return `the directory has ${formatBytes(bytes)} to send; most of it: ${named}`;
}
