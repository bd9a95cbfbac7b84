/**
 * How `spec.types` is written: `worker` alone; that, or the legacy pair `Master` and `Worker`; types named freely; `Head`
 * and `Workers` of a Ray cluster; Google's `workerPoolSpecs`.
 */
export type TypesForm = 'workers' | 'master-workers' | 'named' | 'ray' | 'worker-pools';

/** What the rest of the program asks of an operator without knowing which one it is. */
interface OperatorTraits {
  types: TypesForm;
  /** The Kubernetes object that runs it, whose rules the embedded engine follows too; null: no engine of ours runs it. */
  workload: 'jobset' | 'rayjob' | null;
  /** Where a rank that lost another one hangs; null: its pods are no ranks of one job. */
  ranksWaitIn: string | null;
}

/** Operators of manifest version 0.2.3, as `spec.operator` spells them. How to add one: docs/adding.md. */
export const OPERATORS = {
  jax: {
    types: 'workers',
    workload: 'jobset',
    ranksWaitIn: 'jax.distributed.initialize or a collective',
  },
  pytorch: {
    types: 'master-workers',
    workload: 'jobset',
    ranksWaitIn: 'init_process_group or a collective',
  },
  xgboost: {
    types: 'master-workers',
    workload: 'jobset',
    ranksWaitIn: 'the tracker or a collective',
  },
  jobset: {
    types: 'named',
    workload: 'jobset',
    ranksWaitIn: null,
  },
  kuberay: {
    types: 'ray',
    workload: 'rayjob',
    ranksWaitIn: null,
  },
  vertexai: { types: 'worker-pools', workload: null, ranksWaitIn: null },
} as const satisfies Record<string, OperatorTraits>;

export type OperatorName = keyof typeof OPERATORS;

/** Names of the operators whose types are written in one of these forms. */
export type OperatorWith<Form extends TypesForm> = {
  [Name in OperatorName]: (typeof OPERATORS)[Name]['types'] extends Form ? Name : never;
}[OperatorName];

export const OPERATOR_NAMES = Object.keys(OPERATORS) as [OperatorName, ...OperatorName[]];

/** What engines can run, the embedded one and clusters alike. */
export const ENGINE_OPERATORS: readonly OperatorName[] = OPERATOR_NAMES.filter(
  (name) => OPERATORS[name].workload !== null,
);

/** How an operator's types are written; null for an operator that is not known. */
export function typesForm(operator: OperatorName | null): TypesForm | null {
  return operator === null ? null : OPERATORS[operator].types;
}

/** The object that runs an operator, null where no engine does. */
export function workloadKind(operator: OperatorName): OperatorTraits['workload'] {
  return OPERATORS[operator].workload;
}
