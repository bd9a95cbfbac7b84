import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createTurn } from '../../base/async/turn.ts';
import type { Engine } from '../../engines/engine.ts';
import { isAichorError, type AichorError } from '../../errors.ts';
import type { Notice } from '../../experiment/record.ts';
import type { Log } from '../ports.ts';
import { createBrokenEngine } from './broken.ts';
import { kubeconfigFolder, readEnginesFile, writeEnginesFile, type EnginesFile } from './engines-file.ts';
import type { EngineEntry, Kubernetes } from './cluster.ts';

/** The engines there are: the embedded one, and those that were added. Kept in `engines.json`. */
export interface EngineRegistry {
  /** By name; changes as engines come and go. */
  readonly engines: ReadonlyMap<string, Engine>;
  readonly configFolder: string;
  /** How an added engine is configured. Null: the embedded one, none, or one that cannot be understood. */
  entry(name: string): EngineEntry | null;
  kubernetes(): Promise<Kubernetes>;
  /** What is wrong with the file as a whole. */
  notices(): Notice[];
  /** One change at a time. */
  exclusively<T>(change: () => Promise<T>): Promise<T>;
  /** Writes it down; the engine itself, which `install` puts in place. Null: it goes. */
  keep(name: string, entry: EngineEntry | null): Promise<Engine | null>;
  /** Puts an engine in place, or takes it away; gives what was there before. */
  install(name: string, engine: Engine | null): Engine | null;
  close(): Promise<void>;
}

interface RegistryOptions {
  configFolder: string;
  local: Engine;
  /** Loads the code of Kubernetes engines. */
  kubernetes(): Promise<Kubernetes>;
  /** Engines that experiments live on. */
  needed: ReadonlySet<string>;
  log: Log;
}

/** Never fails because of what was configured: such engines are there, and say what is wrong with them. */
export async function openEngineRegistry(options: RegistryOptions): Promise<EngineRegistry> {
  const { configFolder, local, kubernetes, needed, log } = options;
  const engines = new Map([[local.name, local]]);
  const entries = new Map<string, EngineEntry>();
  const { file, trouble } = readTolerantly(configFolder);
  for (const entry of file.entries) {
    entries.set(entry.name, entry);
    engines.set(entry.name, (await kubernetes()).engine(entry));
  }
  for (const { name, error } of file.broken) engines.set(name, createBrokenEngine(name, error));
  if (trouble !== null) {
    log.error({ err: trouble }, 'the engines that were added cannot be read');
    for (const name of needed) if (!engines.has(name)) engines.set(name, createBrokenEngine(name, trouble));
  }
  return {
    engines,
    configFolder,
    kubernetes,
    entry: (name) => entries.get(name) ?? null,
    notices: () => (trouble === null ? [] : [{ code: 'engines_unreadable', message: trouble.message }]),
    exclusively: createTurn(),
    async keep(name, entry) {
      const before = entries.get(name) ?? null;
      await rewrite(configFolder, name, entry);
      if (entry === null) entries.delete(name);
      else entries.set(name, entry);
      await removeCredentials(configFolder, before, entry);
      return entry === null ? null : (await kubernetes()).engine(entry);
    },
    install(name, engine) {
      const before = engines.get(name) ?? null;
      if (engine === null) engines.delete(name);
      else engines.set(name, engine);
      return before;
    },
    async close() {
      await Promise.all([...engines.values()].map((engine) => engine.close?.()));
    },
  };
}

function readTolerantly(configFolder: string): { file: EnginesFile; trouble: AichorError | null } {
  try {
    return { file: readEnginesFile(configFolder), trouble: null };
  } catch (error) {
    if (!isAichorError(error)) throw error;
    return { file: { entries: [], broken: [] }, trouble: error };
  }
}

/** Changes one entry of the file as it is now. Throws AichorError when it cannot be read: it would be lost. */
async function rewrite(configFolder: string, name: string, entry: EngineEntry | null): Promise<void> {
  const file = readEnginesFile(configFolder);
  const others = file.entries.filter((each) => each.name !== name);
  await writeEnginesFile(configFolder, {
    entries: entry === null ? others : [...others, entry],
    broken: file.broken.filter((each) => each.name !== name),
  });
}

/** Only what lies in the folder of our own. */
async function removeCredentials(
  configFolder: string,
  before: EngineEntry | null,
  after: EngineEntry | null,
): Promise<void> {
  if (before?.connection.kind !== 'stored') return;
  const { file } = before.connection;
  const isUsed = after?.connection.kind === 'stored' && after.connection.file === file;
  if (!isUsed && dirname(file) === kubeconfigFolder(configFolder)) await rm(file, { force: true });
}
