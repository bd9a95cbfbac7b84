import type { PersistentVolumeClaim, Volume, VolumeMount } from 'kubernetes-types/core/v1.js';
import type { Group } from '../../../experiment/plan/plan.ts';
import { memoryQuantity } from './quantities.ts';
import { absolute, metadataOf, nameOf, type Rendering } from '../rendering.ts';

/** The volumes of a group's pods and where they are mounted: shared memory, the shared volume, attached claims. */
export function renderVolumes(
  rendering: Rendering,
  { resources }: Group,
): { volumes: Volume[]; volumeMounts: VolumeMount[] } {
  const { storage } = rendering.plan;
  const shm = resources.shm_gb > 0 ? [sharedMemory(resources.shm_gb)] : [];
  const shared = storage.shared_volume
    ? [claim('shared', nameOf(rendering, 'shared'), storage.shared_volume.mount_point)]
    : [];
  const attached = storage.attached.map(({ name, mount_point }, index) =>
    claim(`pvc-${index}`, claimOf(rendering, name), mount_point),
  );
  const all = [...shm, ...shared, ...attached];
  return { volumes: all.map(({ volume }) => volume), volumeMounts: all.map(({ mount }) => mount) };
}

/** Claim that the manifest means by an attached PVC's name. */
export function claimOf({ settings }: Pick<Rendering, 'settings'>, name: string): string {
  return Object.hasOwn(settings.claims, name) ? (settings.claims[name] ?? name) : name;
}

/** The runtime's own /dev/shm has 64 MiB. What is written here counts against the container's memory. */
function sharedMemory(gigabytes: number): { volume: Volume; mount: VolumeMount } {
  return {
    volume: { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: memoryQuantity(gigabytes) } },
    mount: { name: 'shm', mountPath: '/dev/shm' },
  };
}

function claim(name: string, claimName: string, mountPoint: string): { volume: Volume; mount: VolumeMount } {
  return {
    volume: { name, persistentVolumeClaim: { claimName } },
    mount: { name, mountPath: absolute(mountPoint) },
  };
}

/** The claim behind `storage.sharedVolume`: made before the pods, deleted with the experiment. */
export function renderSharedVolume(rendering: Rendering): PersistentVolumeClaim | null {
  const shared = rendering.plan.storage.shared_volume;
  if (shared === null) return null;
  const storageClass = shared.storage_class ?? rendering.settings.storage_class;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: metadataOf(rendering, 'shared'),
    spec: {
      accessModes: [shared.access_mode ?? 'ReadWriteOnce'],
      volumeMode: 'Filesystem',
      resources: { requests: { storage: memoryQuantity(shared.size_gb) } },
      ...(storageClass === null ? {} : { storageClassName: storageClass }),
    },
  };
}
