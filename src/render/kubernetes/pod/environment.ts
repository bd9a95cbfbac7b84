import type { EnvVar } from 'kubernetes-types/core/v1.js';
import type { EnvVariable, Group, PodField, RunField } from '../../../experiment/plan/plan.ts';
import { isSetByController } from '../../../operators/environment.ts';
import { escapeCommand, escapeLiteral } from '../../../operators/command/expand.ts';
import { nameOf, pathsOf, type Rendering } from '../rendering.ts';

/** Annotation of a pod that holds the field's value. */
export const FIELD_ANNOTATIONS: Record<PodField, string> = {
  'job-index': 'jobset.sigs.k8s.io/job-index',
  'pod-index': 'batch.kubernetes.io/job-completion-index',
  'global-job-index': 'jobset.sigs.k8s.io/job-global-index',
};

/** Label that JobSet puts on every pod of an experiment that has a coordinator. */
export const COORDINATOR_LABEL = 'jobset.sigs.k8s.io/coordinator';

const RESTART_ANNOTATION = 'jobset.sigs.k8s.io/restart-attempt';

/**
 * A group's variables in the order of the plan: plain values where they are known, references to the pod's own
 * annotations for what differs from pod to pod. Variables that KubeRay sets itself are left out.
 */
export function renderEnvironment(rendering: Rendering, group: Group): EnvVar[] {
  const facts = runValues(rendering);
  return group.env
    .filter(({ name }) => !isSetByController(name))
    .flatMap((variable) => renderVariable(variable, rendering, facts));
}

type RunValues = Record<RunField, EnvVar['valueFrom'] | string | null>;

function renderVariable({ name, source }: EnvVariable, rendering: Rendering, facts: RunValues): EnvVar[] {
  switch (source.kind) {
    case 'literal':
      return [{ name, value: escapeLiteral(source.value) }];
    case 'pod-field':
      return [{ name, valueFrom: annotation(FIELD_ANNOTATIONS[source.field]) }];
    case 'coordinator-address':
      return [{ name, value: `$(${source.host}):${rendering.plan.coordinator_port}` }];
    case 'command':
      return [{ name, value: escapeCommand(rendering.plan.command) }];
    case 'secret':
      return [{ name, valueFrom: { secretKeyRef: { name: nameOf(rendering, 'secrets'), key: name } } }];
    case 'run-field':
      return runVariable(name, facts[source.field]);
  }
}

function runVariable(name: string, value: RunValues[RunField]): EnvVar[] {
  if (value === null || value === undefined) return [];
  return typeof value === 'string' ? [{ name, value: escapeLiteral(value) }] : [{ name, valueFrom: value }];
}

function runValues(rendering: Rendering): RunValues {
  const { plan, settings, experimentId } = rendering;
  const { input, output, tensorboard } = pathsOf(rendering);
  const { s3_endpoint } = settings.storage;
  return {
    'coordinator-host': coordinatorHost(rendering),
    'coordinator-port': plan.coordinator_port === null ? null : String(plan.coordinator_port),
    'object-name': nameOf(rendering),
    'experiment-id': experimentId,
    'input-path': input,
    'output-path': output,
    'tensorboard-path': tensorboard,
    's3-endpoint': s3_endpoint,
    'logs-path': s3_endpoint === null ? null : tensorboard,
    'ray-cluster-name': null,
    'ray-address': null,
    'ray-start-command': null,
    'restart-attempt': annotation(RESTART_ANNOTATION),
  };
}

/** JAX documents the host as read from JobSet's label; elsewhere the same name is written out. */
function coordinatorHost(rendering: Rendering): RunValues[RunField] {
  const { operator, coordinator_pod: pod } = rendering.plan;
  if (pod === null) return null;
  if (operator === 'jax')
    return { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${COORDINATOR_LABEL}']` } };
  return hostOf(rendering, pod);
}

/** Name under which the experiment's pods find each other: the JobSet's headless Service carries its name. */
export function hostOf(rendering: Rendering, pod: string): string {
  return `${nameOf(rendering, pod)}.${nameOf(rendering)}`;
}

function annotation(key: string): NonNullable<EnvVar['valueFrom']> {
  return { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.annotations['${key}']` } };
}
