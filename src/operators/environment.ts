import type { EnvSource, EnvVariable, PodField, RunField } from '../experiment/plan/plan.ts';
import type { OperatorName } from './table.ts';

interface InjectedVariable {
  /** Whose pods see it; `all`: every operator's. */
  operators: readonly OperatorName[] | 'all';
  says: string;
  /** On Kubernetes the operator's controller sets it, not we. */
  byController?: true;
  /** What users say of it counts. */
  overridable?: true;
}

const JOBSETS = ['jobset', 'jax', 'pytorch', 'xgboost'] as const;

/** Every variable that pods are given, by name. The one place where they are listed and explained. */
export const ENVIRONMENT = {
  JOB_COMPLETION_INDEX: { operators: JOBSETS, says: 'place of the pod in its job, from 0' },
  JOB_INDEX: { operators: ['jobset'], says: 'place of the job in its type, from 0' },
  GLOBAL_REPLICAS: { operators: ['jobset'], says: 'number of jobs over all types' },
  JOB_GLOBAL_INDEX: { operators: ['jobset'], says: 'place of the job among the jobs of all types, from 0' },
  REPLICATED_JOB_NAME: { operators: ['jobset'], says: 'type of the pod' },
  REPLICATED_JOB_REPLICAS: { operators: ['jobset'], says: "number of jobs of the pod's type" },
  JOBSET_NAME: { operators: ['jobset'], says: 'name of the object that stands for the experiment' },

  JAXOPERATOR_COORDINATOR_HOST: { operators: ['jax'], says: 'host of the first pod' },
  JAXOPERATOR_COORDINATOR_ADDRESS: { operators: ['jax'], says: 'host and port of the first pod' },
  JAXOPERATOR_NUM_PROCESSES: { operators: ['jax'], says: 'number of pods' },
  JAXOPERATOR_PROCESS_ID: { operators: ['jax'], says: 'rank of the pod, from 0' },

  MASTER_ADDR: { operators: ['pytorch', 'xgboost'], says: 'host of the pod with rank 0' },
  MASTER_PORT: { operators: ['pytorch', 'xgboost'], says: 'port on which the pod with rank 0 listens' },
  WORLD_SIZE: { operators: ['pytorch', 'xgboost'], says: 'number of pods' },
  RANK: { operators: ['pytorch', 'xgboost'], says: 'rank of the pod, from 0' },
  PET_NNODES: { operators: ['pytorch'], says: "torchrun's --nnodes, with more than one pod" },
  PET_NODE_RANK: { operators: ['pytorch'], says: "torchrun's --node_rank, with more than one pod" },
  PET_MASTER_ADDR: { operators: ['pytorch'], says: "torchrun's --master_addr, with more than one pod" },
  PET_MASTER_PORT: { operators: ['pytorch'], says: "torchrun's --master_port, with more than one pod" },

  NODE_RANK: {
    operators: ['pytorch'],
    says: 'rank of the pod as Lightning reads it, with more than one pod',
    overridable: true,
  },

  RAY_CLUSTER_NAME: { operators: ['kuberay'], says: 'name of the Ray cluster', byController: true },
  RAY_NODE_TYPE_NAME: { operators: ['kuberay'], says: 'worker group of the pod', byController: true },
  KUBERAY_GEN_RAY_START_CMD: {
    operators: ['kuberay'],
    says: 'the `ray start` line of the pod',
    byController: true,
  },
  RAY_PORT: { operators: ['kuberay'], says: 'port of the head', byController: true },
  RAY_ADDRESS: { operators: ['kuberay'], says: 'host and port of the head', byController: true },

  AICHOR_EXPERIMENT_ID: { operators: 'all', says: 'id of the experiment' },
  AICHOR_EXPERIMENT_MESSAGE: { operators: 'all', says: 'message of the submission or commit' },
  AICHOR_PROJECT_ID: { operators: 'all', says: 'project of the experiment' },
  AICHOR_SWEEP_NAME: { operators: 'all', says: 'name of the sweep, when the experiment belongs to one' },
  AICHOR_SWEEP_INDEX: { operators: 'all', says: 'number of its point in the sweep, from 1' },
  AICHOR_SWEEP_REPEAT: { operators: 'all', says: 'which repeat of its point it is, from 1' },
  AICHOR_RESTART_ATTEMPT: { operators: JOBSETS, says: 'how often all pods were started again, from 0' },
  AICHOR_INPUT_PATH: { operators: 'all', says: "the project's inputs; ends in a slash" },
  AICHOR_OUTPUT_PATH: { operators: 'all', says: "the experiment's outputs; ends in a slash" },
  AICHOR_TENSORBOARD_PATH: { operators: 'all', says: 'where TensorBoard reads, when it is enabled' },
  TENSORBOARD_LOGGING_DIR: {
    operators: 'all',
    says: 'AICHOR_TENSORBOARD_PATH as the Trainer of transformers reads it',
    overridable: true,
  },
  AICHOR_LOGS_PATH: { operators: 'all', says: 'older name of AICHOR_TENSORBOARD_PATH, with S3 storage only' },
  AWS_ENDPOINT_URL: {
    operators: 'all',
    says: 'address of the S3 storage, when the engine has one',
    overridable: true,
  },
  S3_ENDPOINT: { operators: 'all', says: 'older name of AWS_ENDPOINT_URL', overridable: true },
  AICHOR_COMMAND: { operators: 'all', says: "the command that the pod's launcher runs" },

  PYTHONUNBUFFERED: {
    operators: 'all',
    says: '1: what Python prints is in the log at once',
    overridable: true,
  },

  VCS_TYPE: { operators: 'all', says: 'github or gitlab, for a commit' },
  VCS_REPOSITORY: { operators: 'all', says: 'owner and name of the repository' },
  VCS_REF_NAME: { operators: 'all', says: 'branch' },
  VCS_SHA: { operators: 'all', says: 'commit' },
  VCS_SHA_SHORT: { operators: 'all', says: 'first characters of the commit' },
  VCS_AUTHOR_NAME: { operators: 'all', says: "commit's author" },
  VCS_AUTHOR_EMAIL: { operators: 'all', says: "commit author's address" },
  VCS_COMMIT_MESSAGE: { operators: 'all', says: 'older name of AICHOR_EXPERIMENT_MESSAGE' },
  VCS_COMMIT_MESSAGE_SHORT: { operators: 'all', says: 'first line of the message' },
} as const satisfies Record<string, InjectedVariable>;

export type InjectedName = keyof typeof ENVIRONMENT;

const table: Readonly<Record<string, InjectedVariable>> = ENVIRONMENT;

/** True for variables that KubeRay itself puts into its pods: rendered objects leave them out. */
export function isSetByController(name: string): boolean {
  return Object.hasOwn(table, name) && table[name]?.byController === true;
}

/** True for variables that are there unless users give another value. */
export function isOverridable(name: string): boolean {
  return Object.hasOwn(table, name) && table[name]?.overridable === true;
}

/** Names that only an operator's own pods see, and that users cannot give. */
export function operatorVariables(operator: OperatorName): string[] {
  return Object.entries(table).flatMap(([name, { operators, overridable }]) =>
    operators !== 'all' && operators.includes(operator) && overridable !== true ? [name] : [],
  );
}

/** Names that an operator's pods see, whoever may change them. */
export function injectedVariables(operator: OperatorName): string[] {
  return Object.entries(table).flatMap(([name, { operators }]) =>
    operators === 'all' || operators.includes(operator) ? [name] : [],
  );
}

export function fromOperator(name: InjectedName, source: EnvSource): EnvVariable {
  return { name, source, origin: 'operator' };
}

export function literal(value: string | number): EnvSource {
  return { kind: 'literal', value: String(value) };
}

export function podField(field: PodField): EnvSource {
  return { kind: 'pod-field', field };
}

export function runField(field: RunField): EnvSource {
  return { kind: 'run-field', field };
}
