import { quoted } from '../describe.ts';
import type { Finding, Path } from '../diagnostic.ts';
import { fields, listAt, podBlocks, valueAt, type Rule } from '../draft.ts';

const STORAGE: Path = ['spec', 'storage'];
const TENSORBOARD: Path = ['spec', 'tensorboard', 'usePVC'];

/** Every place where something is mounted is a place of its own, and best an absolute one. */
export const mountPointsRule: Rule = ({ root }) => {
  const seen = new Set<string>();
  return mountPoints(root).flatMap(({ path, mountPoint }) => {
    const findings: Finding[] = [];
    const absolute = mountPoint.startsWith('/');
    const normal = `/${mountPoint
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/')}`;
    if (!absolute) {
      const message = `${quoted(mountPoint)} is no absolute path; it is read as ${quoted(normal)}`;
      findings.push({
        code: 'relative-mount-point',
        path,
        at: 'value',
        message,
        hint: `write ${quoted(normal)}`,
      });
    }
    if (normal === '/')
      findings.push({
        code: 'invalid-value',
        path,
        at: 'value',
        message: 'nothing can be mounted on "/"',
        hint: 'name a folder, for example "/mnt/data"',
      });
    else if (seen.has(normal))
      findings.push({
        code: 'duplicate-mount-point',
        path,
        at: 'value',
        message: `${quoted(normal)} is mounted twice`,
        hint: 'give each volume a mountPoint of its own',
      });
    seen.add(normal);
    return findings;
  });
};

function mountPoints(root: unknown): { path: Path; mountPoint: string }[] {
  const places: Path[] = [
    [...STORAGE, 'sharedVolume', 'mountPoint'],
    ...listAt(root, [...STORAGE, 'attachExistingPVCs']).map((_, index) => [
      ...STORAGE,
      'attachExistingPVCs',
      index,
      'mountPoint',
    ]),
  ];
  return places.flatMap((path) => {
    const mountPoint = valueAt(root, path);
    return typeof mountPoint === 'string' && mountPoint.trim() !== '' ? [{ path, mountPoint }] : [];
  });
}

/** Names that Kubernetes takes; on the embedded engine they are names of folders. */
const PVC_NAME = /^[a-z0-9](?:[-a-z0-9]{0,62}[a-z0-9])?$/;

/** A PVC is called by a name that any engine can have a volume of. */
export const volumeNamesRule: Rule = ({ root }) =>
  listAt(root, [...STORAGE, 'attachExistingPVCs']).flatMap((each, index): Finding[] => {
    const { name } = fields(each);
    if (typeof name !== 'string' || name.trim() === '' || PVC_NAME.test(name.trim())) return [];
    return [
      {
        code: 'invalid-value',
        path: [...STORAGE, 'attachExistingPVCs', index, 'name'],
        at: 'value',
        message: `${quoted(name)} cannot be the name of a PVC`,
        hint: 'use small letters, digits and "-" between them, at most 64 characters',
      },
    ];
  });

/** TensorBoard's PVC must be one of those that are attached. */
export const tensorboardVolumeRule: Rule = ({ root }) => {
  const block = fields(valueAt(root, TENSORBOARD));
  if (block['enabled'] !== true) return [];
  const { name } = block;
  if (name === undefined || name === null) {
    return [
      {
        code: 'missing-key',
        path: [...TENSORBOARD, 'name'],
        at: 'value',
        message: '"name" is missing in usePVC',
        hint: 'add the name of a PVC in storage.attachExistingPVCs',
      },
    ];
  }
  if (typeof name !== 'string' || name.trim() === '') return [];
  const attached = listAt(root, [...STORAGE, 'attachExistingPVCs']).flatMap((each) => {
    const attachedName = fields(each)['name'];
    return typeof attachedName === 'string' ? [attachedName] : [];
  });
  if (attached.some((each) => samePvc(each, name))) return [];
  const hint =
    attached.length === 0
      ? 'attach it under storage.attachExistingPVCs'
      : `attached are ${attached.map(quoted).join(', ')}`;
  return [
    {
      code: 'pvc-not-attached',
      path: [...TENSORBOARD, 'name'],
      at: 'value',
      message: `no PVC ${quoted(name)} is attached`,
      hint,
    },
  ];
};

/** A PVC goes by its name or by its id, `<project>-<first 12 characters of the name>-<16 hex digits>`. */
function samePvc(a: string, b: string): boolean {
  const isIdOf = (id: string, name: string) =>
    id.replace(/-[0-9a-f]{16}$/, '') !== id &&
    id.replace(/-[0-9a-f]{16}$/, '').endsWith(`-${name.slice(0, 12)}`);
  return a === b || isIdOf(a, b) || isIdOf(b, a);
}

/** A volume for one node (or pod) at a time cannot serve pods on several. */
export const shareableRule: Rule = (draft) => {
  const path = [...STORAGE, 'sharedVolume', 'accessMode'];
  const mode = valueAt(draft.root, path);
  const pods = podBlocks(draft).reduce((total, pod) => total + pod.pods, 0);
  if (pods < 2 || (mode !== 'ReadWriteOnce' && mode !== 'ReadWriteOncePod')) return [];
  const whom = mode === 'ReadWriteOnce' ? 'one node' : 'one pod';
  const message = `${mode} lets ${whom} at a time mount the volume, and there are ${pods} pods`;
  return [
    {
      code: 'volume-not-shareable',
      path,
      at: 'value',
      message,
      hint: 'write ReadWriteMany, with a storage class that offers it',
    },
  ];
};
