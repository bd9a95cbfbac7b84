import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import { RESOURCES } from '../api/objects.ts';

/** Shared volumes get it where nobody names one. */
export function isDefault({ metadata }: StorageClass): boolean {
  return metadata?.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
}

/** Null: this user may not list them. */
export async function listClasses(cluster: Cluster): Promise<StorageClass[] | null> {
  try {
    return (await cluster.list<StorageClass>(RESOURCES.storageClasses)).items;
  } catch (error) {
    if (isClusterError(error, 403)) return null;
    throw error;
  }
}
