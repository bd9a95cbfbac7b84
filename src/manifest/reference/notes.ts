/** What the schema cannot say of a field, for its page and for `manifest explain`. */
export interface FieldNotes {
  /** A value as it is written behind the key; of a map, the key that matters most. */
  example: string;
  /** What the embedded engine makes of it, where that is not what a cluster makes of it. */
  embedded?: string;
  /** What the platform's own documentation says, where it says more, or something else. */
  original?: string;
}

const NODES = 'chooses nodes of a cluster; has no effect';
const IDENTITY = 'not honoured without a container: pods run as you; a notice says so';
const SAME = 'the same';

/** By path (`spec.command`); those of a pod's `resources` by the path from there (`resources.cpus`), as all types have them. */
export const NOTES: Readonly<Record<string, FieldNotes>> = {
  kind: { example: 'AIchorManifest' },
  apiVersion: {
    example: '"0.2.3"',
    original: 'Does not select a schema: the rules of the present version hold for every manifest.',
  },
  name: { example: 'baseline' },
  engineName: { example: 'my-cluster' },

  builder: {
    example: '{image: my-image, dockerfile: ./Dockerfile}',
    embedded: 'makes a Python environment of what the Dockerfile says; no image is built',
  },
  'builder.image': {
    example: 'my-image',
    original: 'Must be the same as `spec.image`.',
    embedded: 'is not pulled: a notice says so when it is a finished image',
  },
  'builder.dockerfile': {
    example: './Dockerfile',
    original: '"Relative to the repository root"; in practice, to `context`.',
  },
  'builder.context': { example: 'training' },
  'builder.buildArgs': { example: '{EXTRA: "gpu"}', embedded: 'values of ARG, as for a build' },
  'builder.registry': { example: 'registry.example.com/team', embedded: 'not used' },
  'builder.target': { example: 'runtime' },
  'builder.skipBuild': {
    example: '{enabled: true, experimentId: 3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f}',
    original: 'Left out, the image is built on every submission.',
    embedded: 'the Python environment of that experiment is used again',
  },
  'builder.skipBuild.enabled': { example: 'true' },
  'builder.skipBuild.experimentId': {
    example: '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f',
    original: 'Required whenever the section is enabled.',
  },
  'builder.skipBuild.experimentID': { example: '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f' },
  'builder.skipBuild.failIfNotFound': {
    example: 'true',
    original: 'True guards a sweep against falling back to a fresh build in silence.',
  },

  clone: { example: '{submodules: "recursive"}', embedded: `${SAME}, for submissions of a commit` },
  'clone.depth': { example: '50' },
  'clone.includeDotGit': { example: 'true' },
  'clone.submodules': { example: '"recursive"', original: 'Looked at only when `includeDotGit` is true.' },

  spec: { example: '{operator: jobset, image: my-image, command: python -u main.py}' },
  'spec.operator': {
    example: 'pytorch',
    original: 'tf, batchjob and ray were operators of earlier versions.',
    embedded: 'all but vertexai',
  },
  'spec.image': { example: 'my-image', embedded: 'a name, not pulled' },
  'spec.command': { example: '"python -u train.py --epochs 10"' },
  'spec.timeout': { example: '"1d 12h"' },
  'spec.activeDeadlineSeconds': { example: '3600', original: 'Ignored when `timeout` is there.' },
  'spec.engineName': { example: 'my-secondary-cluster', original: "Overrides the project's default engine." },
  'spec.queuePriority': {
    example: 'high',
    original: "Not a key of the platform; there priorities are the administrator's.",
    embedded: 'no effect: first come, first served',
  },
  'spec.env': {
    example: '{LEARNING_RATE: "0.001"}',
    original: "Wins over the project's secret; AICHOR_* and other reserved names are refused.",
  },
  'spec.rayVersion': { example: '"2.23.0"', original: 'Must be the version that is installed in the image.' },

  'spec.tensorboard': { example: '{enabled: true}' },
  'spec.tensorboard.enabled': {
    example: 'true',
    embedded: 'started beside the pods, and again after their end; TensorBoard has to be in the environment',
  },
  'spec.tensorboard.usePVC': { example: '{enabled: true, name: my-tb-pvc}' },
  'spec.tensorboard.usePVC.enabled': { example: 'true' },
  'spec.tensorboard.usePVC.name': { example: 'my-tb-pvc' },

  'spec.storage': { example: '{sharedVolume: {mountPoint: /mnt/shared, sizeGB: 32}}' },
  'spec.storage.sharedVolume': {
    example: '{mountPoint: /mnt/shared, sizeGB: 32}',
    original:
      'For scratch data and intermediate results; to keep data, write it to a bucket or an attached PVC.',
    embedded: 'a folder, mounted for the pods on Linux where the system allows it',
  },
  'spec.storage.sharedVolume.mountPoint': { example: '/mnt/shared' },
  'spec.storage.sharedVolume.sizeGB': { example: '32', embedded: 'not limited' },
  'spec.storage.sharedVolume.storageClass': { example: 'standard-rwx', embedded: 'no effect' },
  'spec.storage.sharedVolume.accessMode': {
    example: 'ReadWriteMany',
    embedded: 'no effect: all pods read and write',
  },
  'spec.storage.attachExistingPVCs[]': {
    example: '[{name: my-dataset-pvc, mountPoint: /mnt/dataset}]',
    embedded: 'a folder of this machine, shared by all experiments that name it; made when it is not there',
  },
  'spec.storage.attachExistingPVCs[].name': { example: 'my-dataset-pvc' },
  'spec.storage.attachExistingPVCs[].mountPoint': { example: '/mnt/dataset' },

  'spec.debug': { example: '{vscode: {enabled: true}}' },
  'spec.debug.vscode': {
    example: '{enabled: true}',
    original: "The program must be in the image; overrides the manifest's command.",
  },
  'spec.debug.vscode.enabled': { example: 'true' },
  'spec.debug.vscode.path': { example: '/aichor/code', original: 'Absolute, if it is not on $PATH.' },
  'spec.debug.vscode.provider': { example: 'microsoft' },
  'spec.debug.jupyter': {
    example: '{enabled: true}',
    original: 'A bare boolean was its form in earlier versions.',
  },
  'spec.debug.jupyter.enabled': { example: 'true' },
  'spec.debug.jupyter.path': { example: '/usr/local/bin/jupyter' },

  'spec.gracefulTermination': {
    example: '{shutdownCommand: [python, save.py], terminationGracePeriodSeconds: 90}',
    original:
      'Runs when a spot node is reclaimed, on cancel, and when the pod is deleted for another reason.',
  },
  'spec.gracefulTermination.shutdownCommand': { example: '["python", "scripts/save_checkpoint.py"]' },
  'spec.gracefulTermination.terminationGracePeriodSeconds': {
    example: '90',
    original: "Must be below the provider's notice: about 120 s on AWS, 30 s on Azure and Google.",
  },
  'spec.restartPolicy': { example: '{backoffLimit: 3}' },
  'spec.restartPolicy.backoffLimit': {
    example: '3',
    original: 'For jax software failures only; for kuberay and jobset evictions of pods, too.',
  },
  'spec.securityContext': { example: '{runAsUser: 1000}', embedded: IDENTITY },
  'spec.securityContext.perfmon': { example: 'true', embedded: IDENTITY },
  'spec.securityContext.ptrace': {
    example: 'true',
    original: 'Ignored in silence unless the organisation has the flag SYS_PTRACE.',
    embedded: 'as your own rights allow',
  },
  'spec.securityContext.runAsUser': {
    example: '1000',
    embedded: IDENTITY,
    original: 'The image must have a user of this id.',
  },
  'spec.securityContext.runAsGroup': { example: '1000', embedded: IDENTITY },
  'spec.securityContext.fsGroup': {
    example: '1000',
    embedded: IDENTITY,
    original: 'Without it, a process that is not root may only read a volume that belongs to root.',
  },

  'spec.types': { example: '{worker: {count: 2, resources: {cpus: 4, ramRatio: 2}}}' },
  'spec.types.worker': { example: '{count: 4, resources: {cpus: 4, ramRatio: 2}}' },
  'spec.types.worker.count': { example: '4', original: '0 is valid: no pods.' },
  'spec.types.Worker': { example: '{count: 4, resources: {cpus: 4, ramRatio: 2}}' },
  'spec.types.Worker.count': { example: '4' },
  'spec.types.Master': { example: '{count: 1, resources: {cpus: 4, ramRatio: 2}}' },
  'spec.types.Master.count': { example: '1' },
  'spec.types.<name>': {
    example: '{count: 4, resources: {cpus: 4, ramRatio: 2}}',
    original: 'The name matches ^[a-z0-9-]+$ and does not begin with a digit or a hyphen.',
  },
  'spec.types.<name>.count': { example: '4' },
  'spec.types.<name>.completions': { example: '100', original: 'The group has count × completions pods.' },
  'spec.types.<name>.parallelisms': {
    example: '4',
    original: 'With 1, the pods of a job run one after the other.',
  },
  'spec.types.Head': { example: '{resources: {cpus: 8, ramRatio: 2}}' },
  'spec.types.Head.rayStartParams': { example: '{object-store-memory: "1000000000"}' },
  'spec.types.Workers[]': { example: '[{name: gpu-workers, count: 2, resources: {cpus: 16, memory: 64}}]' },
  'spec.types.Workers[].name': { example: 'gpu-workers' },
  'spec.types.Workers[].count': { example: '2', original: 'Left out it is 0: the head alone.' },
  'spec.types.Workers[].rayStartParams': { example: '{num-gpus: "0"}' },
  'spec.types.workerPoolSpecs[]': {
    example: '[{machineSpec: {machineType: n1-standard-4}, replicaCount: 1}]',
    embedded: 'vertexai is checked, and not run',
  },
  'spec.types.workerPoolSpecs[].machineSpec': { example: '{machineType: n1-standard-4}' },
  'spec.types.workerPoolSpecs[].machineSpec.machineType': { example: 'n1-standard-4' },
  'spec.types.workerPoolSpecs[].machineSpec.acceleratorType': { example: 'NVIDIA_TESLA_T4' },
  'spec.types.workerPoolSpecs[].machineSpec.acceleratorCount': { example: '1' },
  'spec.types.workerPoolSpecs[].replicaCount': { example: '2' },

  resources: { example: '{cpus: 4, memory: 16}' },
  'resources.cpus': { example: '4', embedded: 'counts for the queue; not limited' },
  'resources.memory': {
    example: '16',
    embedded: 'counts for the queue; a pod that uses more is told of, not ended',
  },
  'resources.ramRatio': { example: '4', original: 'Memory in GB = cpus × ramRatio.', embedded: 'as memory' },
  'resources.cpuLimitRatio': { example: '1', embedded: 'not limited' },
  'resources.shmSizeGB': { example: '8', embedded: "this machine's own /dev/shm, all of it" },
  'resources.accelerators': { example: '{gpu: {count: 1, product: NVIDIA-A100-SXM4-80GB}}' },
  'resources.accelerators.gpu': { example: '{count: 1, type: gpu, product: NVIDIA-A100-SXM4-80GB}' },
  'resources.accelerators.gpu.count': {
    example: '1',
    embedded:
      'GPUs of this machine, each for one pod at a time; where there are none a notice says so and the pods run without',
  },
  'resources.accelerators.gpu.type': { example: 'gpu' },
  'resources.accelerators.gpu.product': {
    example: 'NVIDIA-A100-SXM4-80GB',
    embedded: 'any GPU of this machine will do',
  },
  'resources.accelerators.tpu': {
    example: '{type: tpu-v5-lite-podslice, topology: 2x2, tpuChipsCount: 4}',
    original: 'A slice of several hosts needs kuberay.',
    embedded: 'a notice says that there are none',
  },
  'resources.accelerators.tpu.type': { example: 'tpu-v5-lite-podslice' },
  'resources.accelerators.tpu.topology': { example: '2x2' },
  'resources.accelerators.tpu.tpuChipsCount': { example: '4' },
  'resources.rdma': { example: '{devices: [sriov_a]}', embedded: NODES },
  'resources.rdma.devices': { example: '[sriov_a, sriov_b]', embedded: NODES },
  'resources.extraSelectors': {
    example: '{karpenter.sh/capacity-type: spot}',
    original: 'On EKS and AKS the default is karpenter.sh/capacity-type: on-demand.',
    embedded: NODES,
  },
  'resources.extraTolerations[]': {
    example: '[{key: dedicated, operator: Equal, value: ml-team, effect: NoSchedule}]',
    embedded: NODES,
  },
  'resources.extraTolerations[].key': { example: 'dedicated', embedded: NODES },
  'resources.extraTolerations[].operator': { example: 'Exists', embedded: NODES },
  'resources.extraTolerations[].value': { example: 'ml-team', embedded: NODES },
  'resources.extraTolerations[].effect': { example: 'NoSchedule', embedded: NODES },
  'resources.extraTolerations[].tolerationSeconds': { example: '300', embedded: NODES },
  'resources.ephemeralStorageRequest': { example: '20Gi', embedded: 'not limited' },
  'resources.ephemeralStorageLimit': { example: '50Gi', embedded: 'not limited' },
};

/** The key of {@link NOTES} for a field's path. */
export function notesKey(path: string): string {
  return path.replace(/^spec\.types\..*?\.resources\b/, 'resources');
}
