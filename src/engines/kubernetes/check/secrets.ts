import { counted } from '../../../base/text/plural.ts';
import type { ConfigMap, Secret } from 'kubernetes-types/core/v1.js';
import type { EngineFinding } from '../../engine.ts';
import { buildObjects } from '../../../render/kubernetes/build/build-inputs.ts';
import { DEFAULT_SETTINGS } from '../../../render/kubernetes/settings/settings.ts';
import type { Looked } from './looked.ts';
import { isClusterError } from '../api/cluster-error.ts';
import { RESOURCES } from '../api/objects.ts';
import { addedAgain, missing, ok, warning } from './finding.ts';

/** The registry, and the Secrets that the settings name. What is in them is not looked at, but for their keys. */
export async function checkSecrets(looked: Looked): Promise<EngineFinding[]> {
  const { settings } = looked;
  const pull = { kind: 'Secret' as const, setting: 'pull_secret', key: '.dockerconfigjson' };
  const wanted: Wanted[] = [
    ...(settings.pull_secret === null ? [] : [{ ...pull, name: settings.pull_secret }]),
    ...buildObjects(settings.build),
  ];
  const named = await Promise.all(wanted.map((each) => checkObject(looked, each)));
  return [checkRegistry(looked), ...named.flat(), ...(await checkProjectSecret(looked))];
}

function checkRegistry({ engine, settings }: Looked): EngineFinding {
  const name = 'registry';
  if (settings.registry !== null) return ok({ name, message: settings.registry });
  return warning({
    name,
    message: 'none is set: images cannot be built here, unless the manifest names one',
    hint: `${addedAgain(engine)} and --registry REGISTRY; or give builder.image as a full reference with skipBuild`,
  });
}

type Wanted = ReturnType<typeof buildObjects>[number];

async function checkObject(
  looked: Looked,
  { kind, setting, name: object, key }: Wanted,
): Promise<EngineFinding[]> {
  const found = await readObject(looked, kind, object);
  const name = `${kind === 'Secret' ? 'secret' : 'config map'}: ${object}`;
  const { namespace } = looked.cluster;
  const hint = `whoever administers ${namespace}: kubectl -n ${namespace} create ${cure({ kind, name: object, key })}`;
  if (found === 'hidden')
    return [warning({ name, message: `this user may not look at it (${setting})`, hint })];
  if (found === null) return [missing({ name, message: `is not there (${setting})`, hint })];
  if (!Object.hasOwn(found.data ?? {}, key) && !Object.hasOwn(binaryOf(found), key))
    return [missing({ name, message: `has no key ${key} (${setting})`, hint })];
  return [ok({ name, message: `is there (${setting})` })];
}

function binaryOf(found: Secret | ConfigMap): object {
  return ('binaryData' in found ? found.binaryData : undefined) ?? {};
}

/** What `kubectl create` is to make. */
function cure({ kind, name, key }: Omit<Wanted, 'setting'>): string {
  if (kind === 'ConfigMap') return `configmap ${name} --from-file=${key}=FILE`;
  if (key === '.dockerconfigjson')
    return `secret docker-registry ${name} --docker-server=REGISTRY --docker-username=USER --docker-password=PASSWORD`;
  return `secret generic ${name} --from-file=${key === '.env' ? key : `${key}=FILE`}`;
}

/** It is optional: without it pods have no variables of the project. One that somebody named should be there. */
async function checkProjectSecret(looked: Looked): Promise<EngineFinding[]> {
  const { project_secret: secret } = looked.settings;
  if (secret === null) return [];
  const name = `secret: ${secret}`;
  const found = await readObject(looked, 'Secret', secret);
  if (found === 'hidden') return [];
  if (found !== null) {
    const keys = Object.keys(found.data ?? {});
    const message = `${counted(keys.length, 'variable')} of the project`;
    return [ok({ name, message }), ...checkNames(keys.toSorted(), name)];
  }
  const message = 'is not there: pods get no variables of the project';
  if (secret === DEFAULT_SETTINGS.project_secret) return [ok({ name, message })];
  const { namespace } = looked.cluster;
  const hint = `whoever administers ${namespace}: kubectl -n ${namespace} create secret generic ${secret} --from-env-file=FILE`;
  return [warning({ name, message: `${message} (project_secret)`, hint })];
}

/** A pod gets them, but a command is started by a shell, and shells pass on only what can be a variable of theirs. */
function checkNames(keys: readonly string[], name: string): EngineFinding[] {
  const lost = keys.filter((key) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key));
  if (lost.length === 0) return [];
  const message = `${lost.join(', ')}: no command gets ${lost.length === 1 ? 'it' : 'them'}, because a shell drops what is no name of a variable`;
  const hint = 'name them with letters, digits and underscores, not beginning with a digit';
  return [warning({ name, message, hint })];
}

async function readObject(
  { cluster }: Looked,
  kind: Wanted['kind'],
  name: string,
): Promise<Secret | ConfigMap | null | 'hidden'> {
  try {
    return await cluster.get<Secret | ConfigMap>(
      kind === 'Secret' ? RESOURCES.secrets : RESOURCES.configMaps,
      name,
    );
  } catch (error) {
    if (isClusterError(error, 403)) return 'hidden';
    throw error;
  }
}
