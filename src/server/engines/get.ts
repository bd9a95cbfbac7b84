import type { EngineDocument, EngineQueue, EngineQueueQuery } from '../../api/engine-contract.ts';
import type { Engine } from '../../engines/engine.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import { completeSettings } from '../../render/kubernetes/settings/settings-schema.ts';
import { EMBEDDED_ENGINE } from '../submission/choose-engine.ts';
import { summaryNow, type Times } from '../experiments/get.ts';
import type { Caller } from '../people/caller.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { EngineEntry } from './cluster.ts';
import { summaryOf, type EngineReading } from './list.ts';
import type { EngineRegistry } from './registry.ts';

/** One engine: as in the list, and how its cluster is reached. Credentials are named, never shown. */
export async function getEngine(by: EngineReading, name: string): Promise<EngineDocument> {
  return documentOf(by, engineOf(by.registry, name));
}

/** Throws AichorError `not_found` with the names there are. */
export function engineOf({ engines }: Pick<EngineRegistry, 'engines'>, name: string): Engine {
  const engine = engines.get(name);
  if (engine !== undefined) return engine;
  throw new AichorError('not_found', `there is no engine called ${JSON.stringify(name)}`, {
    hint: `the engines there are: ${[...engines.keys()].join(', ')}`,
  });
}

export async function documentOf(by: EngineReading, engine: Engine): Promise<EngineDocument> {
  const entry = by.registry.entry(engine.name);
  const [summary, kubernetes] = await Promise.all([
    summaryOf(by, engine),
    entry && describeCluster(by, entry),
  ]);
  return { ...summary, kubernetes };
}

async function describeCluster(
  { registry }: EngineReading,
  entry: EngineEntry,
): Promise<NonNullable<EngineDocument['kubernetes']>> {
  const { connection, namespace, settings } = entry;
  const { namespace: _said, ...complete } = completeSettings(settings, namespace);
  const isFile = connection.kind !== 'in-cluster';
  return {
    server: await addressOf(registry, entry),
    context: isFile ? connection.context : null,
    namespace,
    credentials: { kind: connection.kind, file: isFile ? connection.file : null },
    settings: complete,
  };
}

/** Null when the kubeconfig cannot be read: what the engine says of its health tells that. */
async function addressOf(registry: EngineRegistry, entry: EngineEntry): Promise<string | null> {
  try {
    return await (await registry.kubernetes()).server(entry);
  } catch (error) {
    if (isAichorError(error)) return null;
    throw error;
  }
}

/** Throws AichorError `conflict` for the embedded engine, which is always there as it is, and for the name of a kind. */
export function refuseReserved(name: string, verb: 'added' | 'removed'): void {
  if (name === 'kubernetes' && verb === 'added') {
    throw new AichorError('conflict', 'kubernetes is what the kind of engine is called', {
      hint: 'choose another name: the cluster has one',
    });
  }
  if (name !== EMBEDDED_ENGINE) return;
  throw new AichorError('conflict', `${name} is the embedded engine: it cannot be ${verb}`, {
    hint: verb === 'added' ? 'choose another name' : 'it is part of every control plane',
  });
}

/** Ids of the experiments that have not ended on an engine. */
export function liveOn(
  { store }: { store: Pick<ExperimentStore, 'live' | 'state'> },
  engine: string,
): string[] {
  return store.live().filter((id) => stateOf(store, id).record.engine === engine);
}

interface QueueReading extends Times {
  registry: EngineRegistry;
  supervisor: Pick<Supervisor, 'waiting'>;
  store: Pick<ExperimentStore, 'state'>;
}

/** What waits for an engine, of the projects that the caller's key is for; others count in the places. Throws AichorError `not_found`. */
export function engineQueue(
  by: QueueReading,
  { name, caller }: { name: string; caller: Pick<Caller, 'projects'> },
  { offset, limit }: EngineQueueQuery,
): EngineQueue {
  const engine = engineOf(by.registry, name).name;
  const theirs = by.supervisor
    .waiting(engine)
    .map(({ id, project }, index) => ({ id, project, place: index + 1 }))
    .filter(({ project }) => caller.projects === null || caller.projects.includes(project ?? ''));
  const waiting = theirs
    .slice(offset, offset + limit)
    .map(({ id, place }) => ({ place, experiment: summaryNow(by, stateOf(by.store, id)) }));
  return { engine, total: theirs.length, waiting };
}
