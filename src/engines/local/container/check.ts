import { AichorError } from '../../../errors.ts';
import type { ContainerProgram, Plan } from '../../../experiment/plan/plan.ts';
import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import { OPERATORS } from '../../../operators/table.ts';
import type { Host } from '../shared/host.ts';
import { complaintOf, findClient } from './client.ts';

/** A network of podman or Docker has addresses for 253 containers, unless its owner has changed that. */
const MOST_PODS = 250;

/**
 * Refuses what cannot be run in containers on this machine.
 *
 * @throws AichorError `engine_unavailable`; `usage` for what excludes containers
 */
export async function checkContainers(
  plan: Plan,
  { env, store, program }: Pick<Host, 'env' | 'store'> & { program: ContainerProgram },
): Promise<void> {
  if (plan.storage.kind === 's3' && store === null)
    throw new AichorError(
      'usage',
      'pods in containers see inputs and outputs as folders: buckets are not served to them',
      {
        hint: 'leave --storage s3 out, or --container',
      },
    );
  const what = unsupported(plan);
  if (what !== null)
    throw new AichorError('engine_unavailable', `${what} cannot be run in containers on this machine`, {
      hint: 'leave --container out (or --container none, where the settings ask for it), or use a cluster',
    });
  const pods = plannedPods(plan).length;
  if (pods > MOST_PODS)
    throw new AichorError(
      'engine_unavailable',
      `has ${pods} pods; an experiment in containers has at most ${MOST_PODS}`,
      {
        hint: 'lower count or completions, or leave --container out',
      },
    );
  const client = await findClient(program, env);
  const answer = await client.call(['version'], { timeoutMs: 30_000 });
  if (!answer.ok)
    throw new AichorError(
      'engine_unavailable',
      `${program} does not work on this machine: ${complaintOf(answer)}`,
      {
        hint: `see that "${program} version" works for the user of the control plane`,
      },
    );
}

function unsupported({ operator, debug }: Plan): string | null {
  if (OPERATORS[operator].workload === 'rayjob') return `the operator ${operator}`;
  return debug.vscode === null && debug.jupyter === null ? null : 'debugging (spec.debug)';
}
