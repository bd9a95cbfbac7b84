import { join } from 'node:path';
import { readIfThereSync } from '../base/io/files-sync.ts';
import { AichorError, systemErrorCode } from '../errors.ts';

/**
 * `settings.json` in the config folder: one user's defaults and what this machine offers. Checked by hand, not
 * with zod, because every command reads it and loading zod takes as long as the whole command.
 */
export interface SettingsFile {
  server?: string;
  project?: string;
  engine?: string;
  /** What the embedded engine may use; absent: what the machine has. */
  cpus?: number;
  max_experiments?: number;
  /** Pods that one experiment may run on it at the same time; absent: 500. */
  max_pods?: number;
  /** How pods of the embedded engine see inputs and outputs: `folder`, which they do unless said, or `s3`. */
  storage?: 'folder' | 's3';
  /** Whether `securityContext.ptrace` means anything on the embedded engine. */
  allow_ptrace?: boolean;
}

const KINDS = {
  server: 'string',
  project: 'string',
  engine: 'string',
  cpus: 'number',
  max_experiments: 'number',
  max_pods: 'number',
  storage: 'string',
  allow_ptrace: 'boolean',
} as const satisfies Record<keyof SettingsFile, 'string' | 'number' | 'boolean'>;

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
  if (typeof item !== kind) throw wrong(path, `has a ${typeof item} at "${key}", where a ${kind} belongs`);
  if (typeof item === 'number' && !isSensible(key, item))
    throw wrong(
      path,
      `has ${item} at "${key}", where ${key === 'cpus' ? 'a number above 0' : 'a whole number from 1'} belongs`,
    );
  if (key === 'storage' && item !== 'folder' && item !== 's3')
    throw wrong(path, `has ${JSON.stringify(item)} at "storage", where "folder" or "s3" belongs`);
  return { [key]: item };
}

function isSensible(key: string, value: number): boolean {
  return key === 'cpus' ? value > 0 && Number.isFinite(value) : Number.isInteger(value) && value >= 1;
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
    return readIfThereSync(path);
  } catch (error) {
    throw wrong(path, `cannot be read (${systemErrorCode(error) ?? String(error)})`, error);
  }
}

function wrong(path: string, what: string, cause?: unknown): AichorError {
  return new AichorError('usage', `the settings file ${path} ${what}`, {
    hint: 'correct the file, or delete it to start afresh',
    cause,
  });
}
