import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { planManifest } from '../../../../src/operators/plan.ts';
import { renderKubernetes } from '../../../../src/render/kubernetes/objects.ts';
import { DEFAULT_SETTINGS } from '../../../../src/render/kubernetes/settings/settings.ts';
import { jobset, NO_SUBMISSION, podType } from '../../operators/manifests.ts';

/** What a pod's command sees when the cluster has restarted its workload so often. */
function seen(attemptsBefore: number | undefined, restarts: string): string {
  const plan = planManifest(jobset([podType('worker')]), NO_SUBMISSION);
  const objects = renderKubernetes({
    ...{
      plan,
      settings: DEFAULT_SETTINGS,
      project: 'p',
      experimentId: '6f4a850d-2281-4c1e-9a55-0123456789ab',
    },
    ...(attemptsBefore !== undefined && { attemptsBefore }),
  });
  const found = objects.find((object) => object.kind === 'JobSet');
  if (found?.kind !== 'JobSet') throw new Error('no JobSet');
  const container = found.spec.replicatedJobs[0]?.template.spec?.template.spec?.containers[0];
  const [program = '', ...args] = [...(container?.command ?? []), ...(container?.args ?? [])];
  const env = { PATH: process.env['PATH'], AICHOR_RESTART_ATTEMPT: restarts, AICHOR_COMMAND: 'echo $AICHOR_RESTART_ATTEMPT' }; // prettier-ignore
  return execFileSync(program, args, { env, encoding: 'utf8' }).trim();
}

test.each([
  [undefined, '1', '1'],
  [0, '2', '2'],
  [1, '0', '1'],
  [3, '2', '5'],
])('%s attempts in earlier workloads and %s restarts are %s', (before, restarts, expected) => {
  expect(seen(before, restarts)).toBe(expected);
});
