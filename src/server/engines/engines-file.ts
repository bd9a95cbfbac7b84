import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { place } from '../../base/io/place.ts';
import { isAbsent } from '../../base/io/files-sync.ts';
import { AichorError, isAichorError, systemErrorCode } from '../../errors.ts';
import { readSettings } from '../../render/kubernetes/settings/settings-schema.ts';
import type { ClusterConnection, EngineEntry } from './cluster.ts';

/** What `engines.json` holds: the engines, and those of its entries that cannot be understood. */
export interface EnginesFile {
  entries: EngineEntry[];
  broken: BrokenEntry[];
}

export interface BrokenEntry {
  name: string;
  error: AichorError;
  /** As it stands in the file, to be left there. */
  value: unknown;
}

export function enginesFilePath(configFolder: string): string {
  return join(configFolder, 'engines.json');
}

/** Folder of the credentials that the control plane keeps. */
export function kubeconfigFolder(configFolder: string): string {
  return join(configFolder, 'kubeconfigs');
}

/** Throws AichorError `usage` when the file as a whole cannot be read; empty when there is none. */
export function readEnginesFile(configFolder: string): EnginesFile {
  const path = enginesFilePath(configFolder);
  try {
    return parseEngines(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (isAbsent(error)) return { entries: [], broken: [] };
    if (isAichorError(error)) throw error;
    throw wrong(path, `cannot be read (${systemErrorCode(error) ?? String(error)})`, error);
  }
}

/** Writes it whole or not at all, 0600. */
export async function writeEnginesFile(configFolder: string, file: EnginesFile): Promise<void> {
  const path = enginesFilePath(configFolder);
  const engines = Object.fromEntries([
    ...file.entries.map((entry) => [entry.name, written(entry, configFolder)] as const),
    ...file.broken.map(({ name, value }) => [name, value] as const),
  ]);
  await mkdir(configFolder, { recursive: true, mode: 0o700 });
  await place(path, `${JSON.stringify({ engines }, null, 2)}\n`, { durable: true });
}

/** Files that the control plane keeps are named from its own folder, which may be moved. */
function written({ connection, namespace, settings }: EngineEntry, configFolder: string): object {
  const stored = connection.kind === 'stored';
  return {
    kind: 'kubernetes',
    connection: stored ? { ...connection, file: relative(configFolder, connection.file) } : connection,
    namespace,
    settings,
  };
}

/** Pure: the text of an engines file. An entry that cannot be understood does not take the others with it. */
export function parseEngines(text: string, path: string): EnginesFile {
  const whole = parseJson(text, path);
  if (!isObject(whole)) throw wrong(path, 'is not a JSON object');
  const strange = Object.keys(whole).find((key) => key !== 'engines');
  if (strange !== undefined) throw wrong(path, `has the unknown key "${strange}"; there is only "engines"`);
  const engines = whole['engines'] ?? {};
  if (!isObject(engines)) throw wrong(path, 'has no object at "engines"');
  const file: EnginesFile = { entries: [], broken: [] };
  for (const [name, value] of Object.entries(engines)) {
    try {
      file.entries.push(parseEntry(name, value, path));
    } catch (error) {
      if (!isAichorError(error)) throw error;
      file.broken.push({ name, error, value });
    }
  }
  return file;
}

const KEYS = ['kind', 'connection', 'namespace', 'settings'];

function parseEntry(name: string, value: unknown, path: string): EngineEntry {
  const at = `engines.${name}`;
  if (!isObject(value)) throw wrong(path, `has no object at "${at}"`);
  const strange = Object.keys(value).find((key) => !KEYS.includes(key));
  if (strange !== undefined)
    throw wrong(path, `has the unknown key "${at}.${strange}"; there are ${KEYS.join(', ')}`);
  if (value['kind'] !== 'kubernetes')
    throw wrong(path, `has ${JSON.stringify(value['kind'])} at "${at}.kind", where "kubernetes" belongs`);
  return {
    name,
    connection: parseConnection(value['connection'], { path, at: `${at}.connection` }),
    namespace: textAt(value, 'namespace', { path, at }),
    settings: readSettings(value['settings'] ?? {}, `${path}, "${at}.settings"`),
  };
}

interface Spot {
  path: string;
  at: string;
}

function parseConnection(value: unknown, spot: Spot): ClusterConnection {
  if (!isObject(value)) throw wrong(spot.path, `has no object at "${spot.at}"`);
  const { kind } = value;
  if (kind === 'in-cluster') return { kind };
  if (kind !== 'reference' && kind !== 'stored') {
    const found = JSON.stringify(kind);
    throw wrong(
      spot.path,
      `has ${found} at "${spot.at}.kind", where "reference", "stored" or "in-cluster" belongs`,
    );
  }
  const file = resolve(dirname(spot.path), textAt(value, 'file', spot));
  return { kind, file, context: textAt(value, 'context', spot) };
}

function textAt(value: Record<string, unknown>, key: string, { path, at }: Spot): string {
  const found = value[key];
  if (typeof found === 'string' && found !== '') return found;
  throw wrong(
    path,
    found === undefined ? `lacks "${at}.${key}"` : `has no text at "${at}.${key}", where one belongs`,
  );
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw wrong(path, 'is not valid JSON', cause);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(path: string, what: string, cause?: unknown): AichorError {
  return new AichorError('usage', `the file of engines, ${path}, ${what}`, {
    hint: 'correct the file; or delete it, start the server again and add the engines again',
    cause,
  });
}
