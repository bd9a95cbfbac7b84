import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ifThereSync, readIfThereSync } from '../base/io/files-sync.ts';
import { AichorError, isAichorError, systemErrorCode } from '../errors.ts';

/**
 * `settings.json` in the config folder: one user's defaults and what this machine offers. Checked by hand, not
 * with zod, because every command reads it and loading zod takes as long as the whole command.
 */
export interface SettingsFile {
  server?: string;
  project?: string;
  engine?: string;
  /** Whom every experiment tells when it is over: an address, or a command. */
  notify?: string;
  /** What the embedded engine may use; absent: what the machine has. */
  cpus?: number;
  max_experiments?: number;
  /** Pods that one experiment may run on it at the same time; absent: 500. */
  max_pods?: number;
  /** GB that one submitted directory may have, for whoever sends it and for whoever takes it; absent: 2. */
  max_snapshot_gb?: number;
  /** GB that the files of all submitted directories together may take; absent: 100. */
  max_snapshots_gb?: number;
  /** GB that repositories which are kept between clones may take; absent: 20. */
  max_clones_gb?: number;
  /** How pods of the embedded engine see inputs and outputs: `folder`, which they do unless said, or `s3`; or in a store of one's own. */
  storage?: 'folder' | 's3' | LocalStore;
  /** Whose containers pods of the embedded engine run in; absent or `none`: they are processes. */
  container?: 'podman' | 'docker' | 'none';
  /** Whether `securityContext.ptrace` means anything on the embedded engine. */
  allow_ptrace?: boolean;
}

/** An object store for inputs and outputs of the embedded engine. */
export interface LocalStore {
  /** Addresses that end in `/`; `{project}` and `{experiment}` are replaced. */
  input: string;
  output: string;
  /** Null: Amazon's, or Google's. */
  s3_endpoint: string | null;
  /** Profile of `~/.aws`; null: as the environment says. */
  profile: string | null;
}

const STORE: LocalStore = {
  input: 's3://{project}-inputs/',
  output: 's3://{project}-outputs/output/{experiment}/',
  s3_endpoint: null,
  profile: null,
};

const KINDS = {
  server: 'string',
  project: 'string',
  engine: 'string',
  notify: 'string',
  cpus: 'number',
  max_experiments: 'number',
  max_pods: 'number',
  max_snapshot_gb: 'number',
  max_snapshots_gb: 'number',
  max_clones_gb: 'number',
  storage: 'string or object',
  container: 'string',
  allow_ptrace: 'boolean',
} as const satisfies Record<keyof SettingsFile, 'string' | 'number' | 'boolean' | 'string or object'>;

const CONTAINERS = ['podman', 'docker', 'none'];

export function settingsFilePath(configFolder: string): string {
  return join(configFolder, 'settings.json');
}

/** The file's content, `{}` when there is none. Throws AichorError `usage` that names the file and the key. */
export function readSettingsFile(configFolder: string): SettingsFile {
  const path = settingsFilePath(configFolder);
  const text = textOf(path);
  return text === null ? {} : parseSettings(text, path);
}

/** Pure: the text of a settings file; `path` is for messages only. */
export function parseSettings(text: string, path: string): SettingsFile {
  const value = parseJson(text, path);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(path, 'is not a JSON object');
  const settings: SettingsFile = {};
  for (const [key, item] of Object.entries(value)) Object.assign(settings, checked(key, item, path));
  return settings;
}

function checked(key: string, item: unknown, path: string): SettingsFile {
  const kind = Object.entries(KINDS).find(([name]) => name === key)?.[1];
  if (kind === undefined)
    throw wrong(path, `has the unknown key "${key}"; there are ${Object.keys(KINDS).join(', ')}`);
  if (item === null) return {};
  if (kind === 'string or object') return { storage: checkedStorage(item, path) };
  if (typeof item !== kind) throw wrong(path, `has a ${typeof item} at "${key}", where a ${kind} belongs`);
  if (typeof item === 'number' && !isSensible(key, item))
    throw wrong(
      path,
      `has ${item} at "${key}", where ${FRACTIONS.has(key) ? 'a number above 0' : 'a whole number from 1'} belongs`,
    );
  if (key === 'container' && !CONTAINERS.some((word) => word === item))
    throw wrong(
      path,
      `has ${JSON.stringify(item)} at "container", where "podman", "docker" or "none" belongs`,
    );
  return { [key]: item };
}

function checkedStorage(item: unknown, path: string): NonNullable<SettingsFile['storage']> {
  if (item === 'folder' || item === 's3') return item;
  if (typeof item !== 'object' || item === null || Array.isArray(item))
    throw wrong(
      path,
      `has ${JSON.stringify(item)} at "storage", where "folder" or "s3" belongs, or an object`,
    );
  const store = { ...STORE };
  for (const [name, value] of Object.entries(item)) {
    if (!Object.hasOwn(STORE, name))
      throw wrong(path, `has the unknown key "storage.${name}"; there are ${Object.keys(STORE).join(', ')}`);
    if (value === null) continue;
    if (typeof value !== 'string')
      throw wrong(path, `has a ${typeof value} at "storage.${name}", where a string belongs`);
    const isRight =
      name === 's3_endpoint' ? isWebAddress(value) : name === 'profile' || STORE_ADDRESS.test(value);
    const form =
      name === 's3_endpoint' ? 'an address with http:// or https://' : 's3://BUCKET/…/ or gs://BUCKET/…/';
    if (!isRight)
      throw wrong(path, `has ${JSON.stringify(value)} at "storage.${name}", where ${form} belongs`);
    Object.assign(store, { [name]: value });
  }
  return store;
}

const STORE_ADDRESS = /^(?:s3|gs):\/\/[^/]+\/(?:.*\/)?$/;

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Numbers that need not be whole. */
const FRACTIONS: ReadonlySet<string> = new Set(['cpus', 'max_snapshot_gb']);

function isSensible(key: string, value: number): boolean {
  return FRACTIONS.has(key) ? value > 0 && Number.isFinite(value) : Number.isInteger(value) && value >= 1;
}

function parseJson(text: string, path: string): unknown {
  try {
    // Editors of Windows begin a file with a mark.
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw wrong(path, 'is not valid JSON', cause);
  }
}

function textOf(path: string): string | null {
  try {
    // Who reads a pipe waits for somebody who writes, for ever.
    if (ifThereSync(() => statSync(path))?.isFIFO() === true) throw wrong(path, 'is a pipe, not a file');
    return readIfThereSync(path);
  } catch (error) {
    if (isAichorError(error)) throw error;
    throw wrong(path, `cannot be read (${systemErrorCode(error) ?? String(error)})`, error);
  }
}

function wrong(path: string, what: string, cause?: unknown): AichorError {
  return new AichorError('usage', `the settings file ${path} ${what}`, {
    hint: 'correct the file, or delete it to start afresh',
    cause,
  });
}
