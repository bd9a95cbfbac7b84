import type { OperatorName } from '../../operators/table.ts';

/**
 * What an operator makes of a manifest: everything an engine needs, and nothing of any engine.
 * Plain data (JSON), so that it can be stored, printed and compared.
 */
export interface Plan {
  operator: OperatorName;
  /** The user's command line, for a shell, before `$(NAME)` is expanded. */
  command: string;
  /** Groups in the order of their global job indexes. Groups with no pods are left out. */
  groups: Group[];
  /** Port that the coordinator listens on by convention (1234, 23456, 9999, 6379); null: no coordinator. */
  coordinator_port: number | null;
  /** Pod that the others connect to; null for jobset. */
  coordinator_pod: string | null;
  /** Seconds from the start of the first attempt's pods, across attempts; null: no limit. */
  timeout_s: number | null;
  /** How often all pods may be started again after a failure. */
  backoff_limit: number;
  graceful_termination: GracefulTermination | null;
  /** `spec.engineName`, when the manifest names one. */
  engine_name: string | null;
  /** Kueue's WorkloadPriorityClass, when the manifest names one; absent: the engine's own. */
  queue_priority?: string;
  ray_version: string | null;
  builder: BuilderPlan;
  image: string;
  storage: StoragePlan;
  tensorboard: { enabled: boolean; pvc: string | null };
  debug: { vscode: { path: string; provider: string } | null; jupyter: { path: string } | null };
  security: SecurityPlan;
  /** The embedded engine runs pods in containers of this program; absent: as processes. */
  container?: ContainerProgram;
}

/** Programs that make containers, by their names. */
export const CONTAINER_PROGRAMS = ['podman', 'docker'] as const;
export type ContainerProgram = (typeof CONTAINER_PROGRAMS)[number];

/** A type of the manifest after planning: `replicas` jobs of `completions` pods each. */
export interface Group {
  /** First part of the pods' names: `worker`, `master`, `head`, a worker group's name. */
  name: string;
  /** What kind of type it was in the manifest: told apart by kuberay only. */
  role: 'pod' | 'head' | 'worker-group' | 'submitter';
  /** Jobs in this group (the manifest's `count`; for a TPU slice group: slices). */
  replicas: number;
  completions: number;
  /** Pods of one job that run at the same time; at most `completions`. */
  parallelism: number;
  resources: Resources;
  /** In order: later entries may refer to earlier ones as `$(NAME)`. */
  env: EnvVariable[];
  /** `ray start` parameters after defaults and overrides; empty for other operators. */
  ray_start_params: Record<string, string>;
}

/** Amounts for one pod. GB are 10^9-free "manifest gigabytes": the number the user wrote. */
export interface Resources {
  cpus: number;
  memory_gb: number;
  cpu_limit: number;
  shm_gb: number;
  gpus: number;
  gpu_product: string | null;
  tpu: { type: string; topology: string; chips: number } | null;
  rdma_devices: string[];
  selectors: Record<string, string>;
  tolerations: PlannedToleration[];
  ephemeral_storage: { request: string | null; limit: string | null };
}

export interface PlannedToleration {
  key?: string;
  operator?: string;
  value?: string;
  effect?: string;
  tolerationSeconds?: number;
}

export interface GracefulTermination {
  shutdown_command: string[];
  grace_s: number;
}

export interface BuilderPlan {
  image: string;
  dockerfile: string;
  /** Folder of the repository that everything is relative to, `.` for the root; normalised, never leaves it. */
  context: string;
  build_args: Record<string, string>;
  registry: string | null;
  target: string | null;
  /** Without an experiment a finished image is given (`operators/image.ts`). */
  skip_build: { experiment_id: string | null; fail_if_not_found: boolean } | null;
}

export interface StoragePlan {
  /** The embedded engine serves inputs and outputs to pods as buckets; absent: pods see folders. */
  kind?: 's3';
  shared_volume: {
    mount_point: string;
    size_gb: number;
    storage_class: string | null;
    access_mode: string | null;
  } | null;
  attached: { name: string; mount_point: string }[];
}

export interface SecurityPlan {
  perfmon: boolean;
  ptrace: boolean;
  run_as_user: number | null;
  run_as_group: number | null;
  fs_group: number | null;
}

export interface EnvVariable {
  name: string;
  source: EnvSource;
  origin: EnvOrigin;
}

/** Who said that a variable exists; shown by `manifest render`. */
export type EnvOrigin = 'operator' | 'aichor' | 'vcs' | 'project' | 'spec.env' | 'submission' | 'secret';

/**
 * Where a variable's value comes from. One pod template serves all pods of a group on Kubernetes, while the
 * embedded engine starts each pod by itself: so an operator names the source and each engine looks it up.
 */
export type EnvSource =
  /** The same for every pod; taken as it is (`$` has no meaning). */
  | { kind: 'literal'; value: string }
  /** A number or name that differs from pod to pod. */
  | { kind: 'pod-field'; field: PodField }
  /** Something about the run that only the engine knows. */
  | { kind: 'run-field'; field: RunField }
  /** `$(<host>):<coordinator port>`, where `host` is a variable defined before it. */
  | { kind: 'coordinator-address'; host: string }
  /** A value kept apart from the plan; printed as `***`. */
  | { kind: 'secret' }
  /** The plan's command; `$(NAME)` in it means a variable defined before it. */
  | { kind: 'command' };

export type PodField =
  | 'job-index'
  | 'pod-index'
  /** Running number of the job over all groups in order. */
  | 'global-job-index';

export type RunField =
  /** Host others connect to: the coordinator (JAX), master (PyTorch, XGBoost) or head (Ray). */
  | 'coordinator-host'
  /** The operator's documented port, or the one the engine had to take instead. */
  | 'coordinator-port'
  /** Name of the object that stands for the experiment: `experiment-<13 characters>`. */
  | 'object-name'
  | 'experiment-id'
  | 'input-path'
  | 'output-path'
  | 'tensorboard-path'
  /** Address of an S3 service, when inputs and outputs are kept in one. */
  | 's3-endpoint'
  /** The TensorBoard path once more, when there is an S3 service. */
  | 'logs-path'
  | 'ray-cluster-name'
  /** host:port of the Ray head. */
  | 'ray-address'
  /** How often all pods were started again: 0 at first. */
  | 'restart-attempt'
  /** The `ray start …` line this pod runs. */
  | 'ray-start-command';
