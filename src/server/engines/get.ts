import type { EngineDocument } from '../../api/engine-contract.ts';
import type { Engine } from '../../engines/engine.ts';
import { AichorError, isAichorError } from '../../errors.ts';
import { completeSettings } from '../../render/kubernetes/settings-schema.ts';
import { EMBEDDED_ENGINE } from '../submission/choose-engine.ts';
import type { ControlPlane } from '../control-plane.ts';
import type { EngineEntry } from './entry.ts';
import { summaryOf } from './list.ts';

/** One engine: as in the list, and how its cluster is reached. Credentials are named, never shown. */
export async function getEngine(plane: ControlPlane, name: string): Promise<EngineDocument> {
  return documentOf(plane, engineOf(plane, name));
}

/** Throws AichorError `not_found` with the names there are. */
export function engineOf({ engines }: ControlPlane, name: string): Engine {
  const engine = engines.get(name);
  if (engine !== undefined) return engine;
  throw new AichorError('not_found', `there is no engine called ${JSON.stringify(name)}`, {
    hint: `the engines there are: ${[...engines.keys()].join(', ')}`,
  });
}

export async function documentOf(plane: ControlPlane, engine: Engine): Promise<EngineDocument> {
  const entry = plane.registry.entry(engine.name);
  const [summary, kubernetes] = await Promise.all([
    summaryOf(plane, engine),
    entry && describeCluster(plane, entry),
  ]);
  return { ...summary, kubernetes };
}

async function describeCluster(
  { registry }: ControlPlane,
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
async function addressOf(registry: ControlPlane['registry'], entry: EngineEntry): Promise<string | null> {
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
