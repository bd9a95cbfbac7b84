import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plannedPods } from '../../../../src/experiment/plan/planned-pods.ts';
import type { Plan } from '../../../../src/experiment/plan/plan.ts';
import { isSetByController } from '../../../../src/operators/environment.ts';
import { planManifest } from '../../../../src/operators/plan.ts';
import { renderJobSet } from '../../../../src/render/kubernetes/jobset.ts';
import { renderRayJob } from '../../../../src/render/kubernetes/rayjob.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { localRunFacts, podEnvironment } from '../../../../src/render/local/environment.ts';
import { anyManifest, anySubmission } from '../../operators/manifests.ts';
import { environmentOf, podsOfJobSet, podsOfRayJob, type ClusterPod } from './cluster.ts';

const EXPERIMENT_ID = '6f4a850d-2281-4c1e-9a55-0123456789ab';

/** These say where something is, and that differs from engine to engine. */
const PLACES = new Set([
  'JAXOPERATOR_COORDINATOR_HOST',
  'JAXOPERATOR_COORDINATOR_ADDRESS',
  'MASTER_ADDR',
  'PET_MASTER_ADDR',
  'AICHOR_INPUT_PATH',
  'AICHOR_OUTPUT_PATH',
  'AICHOR_TENSORBOARD_PATH',
  'TENSORBOARD_LOGGING_DIR',
]);

function clusterPods(plan: Plan): ClusterPod[] {
  const rendering = { plan, settings: DEFAULT_SETTINGS, experimentId: EXPERIMENT_ID, project: 'default' };
  if (plan.operator === 'kuberay') return podsOfRayJob(renderRayJob(rendering));
  const jobset = renderJobSet(rendering);
  return jobset === null ? [] : podsOfJobSet(jobset);
}

function comparable(variables: Iterable<[string, string]>): [string, string][] {
  return [...variables]
    .filter(([name]) => !isSetByController(name))
    .map(([name, value]) => [name, PLACES.has(name) ? 'somewhere' : value]);
}

test('a pod sees the same variables, in the same order, on both engines', () => {
  const paths = { input: '/in/', output: '/out/', tensorboard: '/tb' };
  fc.assert(
    fc.property(anyManifest, anySubmission, (manifest, submission) => {
      const plan = planManifest(manifest, submission);
      const secrets = Object.fromEntries(submission.secrets.map((name) => [name, `${name} $(RANK) $$`]));
      const local = plannedPods(plan).map((pod) => {
        const run = { experimentId: EXPERIMENT_ID, restarts: 0, port: plan.coordinator_port, paths };
        const env = podEnvironment(plan, pod, localRunFacts(plan, pod, run), secrets);
        return [pod.pod, comparable(env.map(({ name, value }) => [name, value]))];
      });
      const cluster = clusterPods(plan).map((pod) => [pod.pod, comparable(environmentOf(pod, secrets))]);
      expect(cluster).toEqual(local);
    }),
    { numRuns: 300 },
  );
});
