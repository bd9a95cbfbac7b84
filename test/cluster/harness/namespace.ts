import { randomUUID } from 'node:crypto';
import type { Namespace, PersistentVolume, PersistentVolumeSpec } from 'kubernetes-types/core/v1.js';
import type { StorageClass } from 'kubernetes-types/storage/v1.js';
import { RESOURCES, type Pod } from '../../../src/engines/kubernetes/api/objects.ts';
import { OBSERVED_FINALIZER } from '../../../src/render/kubernetes/pod/pod-template.ts';
import { at, pods } from './kubernetes.ts';

/** Whether a pod runs on a fake node is said by its namespace, so that manifests need not know. */
export async function createNamespace({ fake = false }: { fake?: boolean }): Promise<string> {
  const name = `aichor-${randomUUID().slice(0, 8)}`;
  const annotations = {
    'scheduler.alpha.kubernetes.io/node-selector': 'kwok=true',
    'scheduler.alpha.kubernetes.io/defaultTolerations': JSON.stringify([{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }]),
  }; // prettier-ignore
  await at(RESOURCES.namespaces, null).create<Namespace>({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, ...(fake && { annotations }) },
  });
  return name;
}

/** Our finalizer keeps it. */
export function isHeld({ metadata }: Pod): boolean {
  return metadata?.finalizers?.includes(OBSERVED_FINALIZER) ?? false;
}

/** Also after a test that failed: a finalizer whose owner is gone would keep the namespace for ever. */
export async function removeNamespace(name: string): Promise<void> {
  await at(RESOURCES.namespaces, null).remove(name).catch(ignoreAbsent);
  const left = (await pods(name).list<Pod>()).filter(isHeld);
  for (const { metadata } of left)
    await pods(name).patch(metadata?.name ?? '', { metadata: { finalizers: null } }).catch(ignoreAbsent);
} // prettier-ignore

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Error && 'status' in error && error.status === 404)) throw error;
}

/** A volume on the real node that a claim of this namespace can bind, by the storage class of the same name. */
export async function hostPathVolume(namespace: string, path: string): Promise<void> {
  await volumeOfNode(namespace, { hostPath: { path, type: 'DirectoryOrCreate' } });
}

/** As `hostPathVolume`, of a folder that is there: the kubelet gives it to the group of the pod (`fsGroup`), as it does with volumes of a cloud. */
export async function localVolume(name: string, path: string): Promise<void> {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [REAL_NODE] }];
  const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions }] } };
  await volumeOfNode(name, { local: { path }, nodeAffinity });
}

const REAL_NODE = 'node1';

async function volumeOfNode(
  name: string,
  source: Pick<PersistentVolumeSpec, 'hostPath' | 'local' | 'nodeAffinity'>,
): Promise<void> {
  const clusterWide = (plural: string, kind: string, group = '') =>
    at({ group, version: 'v1', plural, kind, namespaced: false }, null);
  await clusterWide('storageclasses', 'StorageClass', 'storage.k8s.io').create<StorageClass>({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'kubernetes.io/no-provisioner',
  });
  await clusterWide('persistentvolumes', 'PersistentVolume').create<PersistentVolume>({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      ...{ capacity: { storage: '1Ti' }, accessModes: ['ReadWriteOnce', 'ReadWriteMany'] },
      ...{ persistentVolumeReclaimPolicy: 'Retain', storageClassName: name },
      ...source,
    },
  });
}
