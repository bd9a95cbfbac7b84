import type { OperatorWith } from '../operators/table.ts';

/**
 * A manifest after parsing: names of the present version only, every default filled in, legacy forms already
 * turned into present ones. `null` stands for what was not asked for. Memory and volumes are in GB as the user
 * wrote them, times in seconds.
 */
export interface Manifest {
  apiVersion: string;
  name: string | null;
  builder: Builder;
  clone: Clone;
  spec: Spec;
}

export interface Builder {
  /** A bare name, or a full reference (`isFullReference`). */
  image: string;
  /** Relative to `context`, else to the root of the repository (`repository/findings.ts` looks). */
  dockerfile: string;
  /** Normalised folder of the repository: `.` or `a/b`; never leaves it. */
  context: string;
  buildArgs: Record<string, string>;
  registry: string | null;
  target: string | null;
  /** Null unless enabled. Without `experimentId` one of the images is a full reference. */
  skipBuild: { experimentId: string | null; failIfNotFound: boolean } | null;
}

export interface Clone {
  depth: number;
  includeDotGit: boolean;
  submodules: 'false' | 'true' | 'recursive';
}

/** Told apart by `operator`. */
export type Spec = DistributedSpec | JobSetSpec | KubeRaySpec | VertexAiSpec;

/** One process per pod, ranks over all types in order: the first pod of the first type coordinates. */
export interface DistributedSpec extends CommonSpec {
  operator: OperatorWith<'workers' | 'master-workers'>;
  /** `worker` alone, or the legacy pair `master` (first), `worker`. `completions` and `parallelisms` are 1. */
  types: PodType[];
}

export interface JobSetSpec extends CommonSpec {
  operator: OperatorWith<'named'>;
  /** In the order of the file; at least one. */
  types: PodType[];
}

export interface KubeRaySpec extends CommonSpec {
  operator: OperatorWith<'ray'>;
  rayVersion: string;
  head: RayNode;
  /** In the order of the file; may be empty. */
  workerGroups: RayWorkerGroup[];
}

export interface VertexAiSpec extends CommonSpec {
  operator: OperatorWith<'worker-pools'>;
  workerPoolSpecs: VertexWorkerPool[];
}

export interface CommonSpec {
  image: string;
  /** As written: `$` rules are applied later (`operators/expand.ts`). */
  command: string;
  /** From `timeout`, which wins over `activeDeadlineSeconds`. */
  timeoutSeconds: number | null;
  engineName: string | null;
  queuePriority: string | null;
  /** In the order of the file. */
  env: Record<string, string>;
  tensorboard: { enabled: boolean; pvc: string | null };
  storage: Storage;
  debug: Debug;
  gracefulTermination: { shutdownCommand: string[]; terminationGracePeriodSeconds: number } | null;
  restartPolicy: { backoffLimit: number };
  securityContext: SecurityContext;
}

export interface Storage {
  sharedVolume: {
    mountPoint: string;
    sizeGB: number;
    storageClass: string | null;
    accessMode: AccessMode | null;
  } | null;
  attachExistingPVCs: { name: string; mountPoint: string }[];
}

export type AccessMode = 'ReadWriteOnce' | 'ReadWriteOncePod' | 'ReadOnlyMany' | 'ReadWriteMany';

/** Null: not enabled. */
export interface Debug {
  vscode: { path: string; provider: 'github' | 'microsoft' } | null;
  jupyter: { path: string } | null;
}

export interface SecurityContext {
  perfmon: boolean;
  ptrace: boolean;
  runAsUser: number | null;
  runAsGroup: number | null;
  fsGroup: number | null;
}

/** A named group of identical pods: `count` jobs of `completions` pods, `parallelisms` of a job at a time. */
export interface PodType {
  name: string;
  /** 0 is valid: no pods. With a TPU: number of slices. */
  count: number;
  completions: number;
  parallelisms: number;
  resources: PodResources;
}

export interface RayNode {
  resources: PodResources;
  /** What the user wrote; defaults are the operator's. */
  rayStartParams: Record<string, string>;
}

export interface RayWorkerGroup extends RayNode {
  name: string;
  /** Pods, or TPU slices. Default 0 (head only). */
  count: number;
}

/** Amounts for one pod. */
export interface PodResources {
  cpus: number;
  /** GB: `memory`, or `cpus` × `ramRatio`. */
  memory: number;
  /** CPU limit as a multiple of `cpus`; default 2. */
  cpuLimitRatio: number;
  /** 0: not asked for. */
  shmSizeGB: number;
  /** Null also for a count of 0. */
  gpu: { count: number; product: string } | null;
  tpu: { type: string; topology: string; tpuChipsCount: number } | null;
  rdmaDevices: string[];
  extraSelectors: Record<string, string>;
  extraTolerations: Toleration[];
  ephemeralStorageRequest: string | null;
  ephemeralStorageLimit: string | null;
}

export interface Toleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}

export interface VertexWorkerPool {
  replicaCount: number;
  machineType: string;
  acceleratorType: string | null;
  acceleratorCount: number;
}
