import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1.js';
import type { EngineFinding } from '../../engine.ts';
import type { Looked } from './looked.ts';
import { isClusterError } from '../api/cluster-error.ts';
import { RESOURCES } from '../api/objects.ts';
import { isDefault, listClasses } from '../fit/storage-classes.ts';
import { addedAgain, missing, ok, warning } from './finding.ts';

/** Classes for shared volumes, and the claims that the settings name. */
export async function checkStorage(looked: Looked): Promise<EngineFinding[]> {
  const claims = Object.entries(looked.settings.claims);
  const found = await Promise.all(claims.map(([name, claim]) => checkClaim(looked, { name, claim })));
  return [await checkClasses(looked), ...found];
}

async function checkClasses({ engine, cluster, settings }: Looked): Promise<EngineFinding> {
  const name = 'storage classes';
  const classes = await listClasses(cluster);
  if (classes === null) return ok({ name, message: 'this user may not list them' });
  const names = classes.map(({ metadata }) => metadata?.name ?? '');
  const listed = names.length === 0 ? 'there are none' : names.join(', ');
  const { storage_class: set } = settings;
  if (set !== null && !names.includes(set)) {
    return missing({
      name,
      message: `there is no ${set} (storage_class): ${listed}`,
      hint: `${addedAgain(engine)} and --storage-class CLASS, or a cluster admin adds it`,
    });
  }
  const standard = set ?? classes.find(isDefault)?.metadata?.name;
  if (standard !== undefined) return ok({ name, message: `${listed}; shared volumes get ${standard}` });
  return warning({
    name,
    message: `none is the default: ${listed}`,
    hint: `${addedAgain(engine)} and --storage-class CLASS, or name it in each manifest (spec.storage.sharedVolume.storageClass)`,
  });
}

async function checkClaim(
  { cluster }: Looked,
  { name: attached, claim }: { name: string; claim: string },
): Promise<EngineFinding> {
  const name = `claim: ${attached}`;
  try {
    const found = await cluster.get<PersistentVolumeClaim>(RESOURCES.claims, claim);
    if (found !== null)
      return ok({ name, message: `${claim} is there (${found.status?.phase ?? 'unknown state'})` });
  } catch (error) {
    if (!isClusterError(error, 403)) throw error;
    return ok({ name, message: `${claim}; this user may not look at it` });
  }
  return missing({
    name,
    message: `there is no PersistentVolumeClaim ${claim} in ${cluster.namespace} (claims.${attached})`,
    hint: `whoever administers ${cluster.namespace} creates it, or set claims.${attached} to one that is there`,
  });
}
