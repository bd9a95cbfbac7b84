import { describe, expect, test } from 'vitest';
import { isAichorError } from '../../../../src/errors.ts';
import { plannedPods } from '../../../../src/experiment/plan/planned-pods.ts';
import type { Plan } from '../../../../src/experiment/plan/plan.ts';
import type { Manifest } from '../../../../src/manifest/manifest.ts';
import { planManifest, type SubmissionFacts } from '../../../../src/operators/plan.ts';
import { localRunFacts, podCommand, podEnvironment } from '../../../../src/render/local/environment.ts';
import {
  distributed,
  jobset,
  kuberay,
  NO_SUBMISSION,
  podType,
  workerGroup,
} from '../../operators/manifests.ts';

const RUN = {
  experimentId: '6f4a850d-2281-4c1e-9a55-0123456789ab',
  restarts: 2,
  port: 4321,
  paths: { input: '/in/', output: '/out/', tensorboard: '/tb' },
};

interface Seen {
  plan: Plan;
  env: Record<string, string>;
  command: string;
}

/** What a pod sees, and what it runs. */
function see(manifest: Manifest, pod: string, submission: Partial<SubmissionFacts> = {}, secrets = {}): Seen {
  const plan = planManifest(manifest, { ...NO_SUBMISSION, ...submission });
  const planned = plannedPods(plan).find((each) => each.pod === pod);
  if (planned === undefined) throw new Error(`no ${pod}`);
  const variables = podEnvironment(plan, planned, localRunFacts(plan, planned, RUN), secrets);
  return {
    plan,
    env: Object.fromEntries(variables.map(({ name, value }) => [name, value])),
    command: podCommand(plan, variables),
  };
}

describe("a pod's variables on this machine", () => {
  test('jobset: the documented example, pod worker-3-2', () => {
    const types = [
      podType('master'),
      podType('worker', { count: 5, completions: 4, parallelisms: 2 }),
      podType('worker-2', { completions: 4 }),
    ];
    expect(see(jobset(types), 'worker-3-2').env).toMatchObject({
      JOB_COMPLETION_INDEX: '2',
      JOB_INDEX: '3',
      JOB_GLOBAL_INDEX: '4',
      GLOBAL_REPLICAS: '7',
      REPLICATED_JOB_NAME: 'worker',
      REPLICATED_JOB_REPLICAS: '5',
      JOBSET_NAME: 'experiment-6f4a850d-2281',
      AICHOR_EXPERIMENT_ID: RUN.experimentId,
      AICHOR_INPUT_PATH: '/in/',
      AICHOR_OUTPUT_PATH: '/out/',
      AICHOR_RESTART_ATTEMPT: '2',
    });
  });

  test('jax: addresses are expanded, on the port that was free', () => {
    expect(see(distributed('jax', 3), 'worker-2-0').env).toMatchObject({
      JAXOPERATOR_COORDINATOR_HOST: '127.0.0.1',
      JAXOPERATOR_COORDINATOR_ADDRESS: '127.0.0.1:4321',
      JAXOPERATOR_NUM_PROCESSES: '3',
      JAXOPERATOR_PROCESS_ID: '2',
    });
  });

  test('pytorch: ranks over master and workers', () => {
    const types = [podType('master'), podType('worker', { count: 2 })];
    expect(see(distributed('pytorch', types), 'worker-1-0').env).toMatchObject({
      MASTER_ADDR: '127.0.0.1',
      MASTER_PORT: '4321',
      WORLD_SIZE: '3',
      RANK: '2',
      PET_NNODES: '3',
      PET_NODE_RANK: '2',
      PET_MASTER_ADDR: '127.0.0.1',
      PET_MASTER_PORT: '4321',
    });
  });

  test('kuberay: what KubeRay would set', () => {
    expect(see(kuberay([workerGroup('cpu-small')]), 'cpu-small-0-0').env).toMatchObject({
      RAY_CLUSTER_NAME: 'experiment-6f4a850d-2281',
      RAY_NODE_TYPE_NAME: 'cpu-small',
      RAY_ADDRESS: '127.0.0.1:4321',
      RAY_PORT: '4321',
    });
  });

  test('there is no S3 storage: its names are absent, AICHOR_LOGS_PATH too', () => {
    const { env } = see(jobset([podType('w')], { tensorboard: { enabled: true, pvc: null } }), 'w-0-0');
    expect(env['AICHOR_TENSORBOARD_PATH']).toBe('/tb');
    for (const name of ['AICHOR_LOGS_PATH', 'S3_ENDPOINT', 'AWS_ENDPOINT_URL'])
      expect(env).not.toHaveProperty(name);
  });

  test('values are taken as they are: dollars, quotes, newlines, a hundred thousand characters', () => {
    const values = { A: '$(B) $$ ${C}', B: `'"\n\t\\`, C: 'x'.repeat(100_000) };
    expect(see(jobset([podType('w')], { env: values }), 'w-0-0').env).toMatchObject(values);
  });

  test('a secret has its value; a lost one is said by name', () => {
    const submission = { secrets: ['TOKEN'] };
    expect(see(jobset([podType('w')]), 'w-0-0', submission, { TOKEN: 's$' }).env['TOKEN']).toBe('s$');
    try {
      see(jobset([podType('w')]), 'w-0-0', submission, {});
      expect.unreachable();
    } catch (error) {
      expect(isAichorError(error) && [error.code, error.hint]).toEqual([
        'not_found',
        'submit again with --secret TOKEN',
      ]);
    }
  });
});

describe('a command on this machine', () => {
  const commandOf = (command: string, env = {}) =>
    see(distributed('pytorch', 2, { command, env }), 'worker-1-0', { secrets: ['KEY'] }, { KEY: 'k' });

  test('sees variables in parentheses as on Kubernetes, secrets too; the rest is the shell’s', () => {
    const { command, env } = commandOf('a $(RANK) $(LR) $(KEY) $(date) $$ $X', { LR: '$$1' });
    expect(command).toBe('a 1 $$1 k $(date) $$ $X');
    expect(env['AICHOR_COMMAND']).toBe(command);
  });

  test('kuberay: nodes start Ray, the submitter carries the command', () => {
    const manifest = kuberay([workerGroup('w')], { command: 'python a.py && echo $(RAY_ADDRESS)' });
    expect(see(manifest, 'head-0-0').command).toMatch(/^ray start --head --block /);
    expect(see(manifest, 'w-0-0').command).toMatch(/^ray start --address=127\.0\.0\.1:4321 --block /);
    expect(see(manifest, 'submitter-0-0').command).toBe('python a.py && echo $(RAY_ADDRESS)');
  });
});
