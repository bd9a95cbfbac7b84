import { rm } from 'node:fs/promises';
import type { EngineAdded, EngineAddition } from '../../api/engine-contract.ts';
import type { EngineFinding } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import { readSettings, type SettingsInput } from '../../render/kubernetes/settings/settings-schema.ts';
import type { Caller } from '../people/caller.ts';
import type { ExperimentStore } from '../store/store.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import { storeCredentials } from './credentials.ts';
import type { EngineEntry } from './cluster.ts';
import { documentOf, engineOf, liveOn, refuseReserved } from './get.ts';
import type { EngineReading } from './list.ts';

/** What adding and removing of engines needs. */
export interface EngineChanging extends EngineReading {
  store: Pick<ExperimentStore, 'live' | 'state'>;
  supervisor: Pick<Supervisor, 'running' | 'exchange'>;
  audit: Pick<AuditTable, 'add'>;
}

/**
 * Connects, keeps the engine, and puts it in place at once. Over one of the same name (`replace`) what lives there goes
 * on with the new credentials and settings.
 *
 * Files of the machine are named by nobody but its own user.
 *
 * @throws AichorError `conflict`, `forbidden`, `usage`, and `engine_unavailable` when it cannot be reached
 */
export async function addEngine(
  by: EngineChanging,
  addition: EngineAddition,
  { isOwner, name: whose }: Pick<Caller, 'isOwner' | 'name'>,
): Promise<EngineAdded> {
  const { name } = addition;
  refuseReserved(name, 'added');
  if (addition.connection.kind === 'reference' && !isOwner) throw notYourFile();
  const settings = readSettings(addition.settings, 'the settings');
  return by.registry.exclusively(async () => {
    const namespace = await namespaceOf(by, addition);
    refuseExisting(by, addition, namespace);
    const entry = await entryOf(by, addition, { settings, namespace });
    try {
      const checks = addition.check ? await reached(by, entry) : [];
      by.audit.add([{ by: whose, deed: 'engine.add', subject: name, details: { namespace } }]);
      await putInPlace(by, entry);
      return { engine: await documentOf(by, engineOf(by.registry, name)), checks };
    } catch (error) {
      await forgetCredentials(by, entry);
      throw error;
    }
  });
}

async function putInPlace({ registry, supervisor }: EngineChanging, entry: EngineEntry): Promise<void> {
  await supervisor.exchange(entry.name, async () => {
    const before = registry.install(entry.name, await registry.keep(entry.name, entry));
    await before?.close?.();
  });
}

async function namespaceOf(
  { registry }: Pick<EngineChanging, 'registry'>,
  { namespace, connection }: EngineAddition,
): Promise<string> {
  if (namespace !== null) return namespace;
  return connection.kind === 'in-cluster' ? (await registry.kubernetes()).ownNamespace() : 'default';
}

function refuseExisting(by: EngineChanging, { name, replace }: EngineAddition, namespace: string): void {
  if (!by.registry.engines.has(name)) return;
  if (!replace) {
    throw new AichorError('conflict', `there is an engine called ${JSON.stringify(name)} already`, {
      hint: 'choose another name, or repeat the command with --replace',
    });
  }
  const before = by.registry.entry(name)?.namespace ?? namespace;
  const live = liveOn(by, name);
  if (before === namespace || live.length === 0) return;
  throw new AichorError('conflict', `${live.length} live on ${name}, in its namespace ${before}`, {
    hint: `wait for them, or cancel them, before ${name} gets another namespace; or add another engine`,
  });
}

async function entryOf(
  { registry }: Pick<EngineChanging, 'registry'>,
  { name, connection }: EngineAddition,
  rest: { settings: SettingsInput; namespace: string },
): Promise<EngineEntry> {
  const kept =
    connection.kind === 'stored'
      ? await storeCredentials(registry.configFolder, name, connection)
      : connection;
  return { name, connection: kept, ...rest };
}

/** What was found there. Throws AichorError `engine_unavailable` when the API server could not be reached as that user. */
async function reached(
  { registry }: Pick<EngineChanging, 'registry'>,
  entry: EngineEntry,
): Promise<EngineFinding[]> {
  const findings = await (await registry.kubernetes()).check(entry);
  const [connection] = findings;
  if (connection?.status !== 'error') return findings;
  const cure = connection.hint === null ? '' : `${connection.hint}; `;
  throw new AichorError('engine_unavailable', connection.message, {
    hint: `${cure}--no-check adds it as it is`,
  });
}

/** Credentials of an engine that did not come to be. */
async function forgetCredentials(
  { registry }: Pick<EngineChanging, 'registry'>,
  { name, connection }: EngineEntry,
): Promise<void> {
  if (connection.kind !== 'stored') return;
  const kept = registry.entry(name)?.connection;
  if (kept?.kind !== 'stored' || kept.file !== connection.file) await rm(connection.file, { force: true });
}

function notYourFile(): AichorError {
  return new AichorError(
    'forbidden',
    'a kubeconfig of its own machine is read by a server for its own user only',
    {
      hint: 'let aichor engines add send the context itself, or add the engine on the machine of the server',
    },
  );
}
