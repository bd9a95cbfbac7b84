import { delimiter } from 'node:path';
import { LAUNCHER } from '../../../operators/command/launcher.ts';
import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import { localRunFacts, podEnvironment } from '../../../render/local/environment.ts';
import type { ExperimentRun } from '../deps.ts';
import { clusterFolder, localParams } from '../ray/cluster.ts';
import { rayEnvironment } from '../ray/pods.ts';
import { runVariables } from '../run/run-image.ts';

/** Variables that name the pod to whom a process belongs, whatever it became: found again by the sweep. */
export const EXPERIMENT_MARK = 'AICHOR_EXPERIMENT_ID';
export const POD_MARK = 'HOSTNAME';

/** Settings of installers: the build sees them, pods do not (contract 7). */
const BUILD_ONLY = /^(PIP|UV)_/;

/**
 * The whole environment of one pod: the submitting shell's basics, the image's, then the plan's variables, with the
 * experiment's programs first in PATH. `devices` is null where the machine has no GPU to divide.
 */
export function processEnvironment(
  run: ExperimentRun,
  pod: PlannedPod,
  {
    attempt,
    devices,
    root = null,
    imports = [],
  }: {
    attempt: number;
    devices: readonly string[] | null;
    /** Folder that stands for the image's root; null: the image's files are at their paths. */
    root?: string | null;
    /** Folders after those of PYTHONPATH. */
    imports?: readonly string[];
  },
): Record<string, string> {
  const { context } = run;
  const variables = podEnvironment(context.plan, pod, localRunFacts(context.plan, pod, {
    experimentId: context.experimentId,
    restarts: attempt - 1,
    port: run.port,
    paths: context.paths,
    rayParams: run.ray === null ? undefined : localParams(context.plan, pod, {
      cluster: run.ray,
      folder: clusterFolder(context.experimentId, attempt),
    }),
  }), context.secrets); // prettier-ignore
  const env: Record<string, string> = { [EXPERIMENT_MARK]: context.experimentId, [POD_MARK]: pod.pod };
  for (const [name, value] of Object.entries(context.shell)) if (!BUILD_ONLY.test(name)) env[name] = value;
  Object.assign(env, runVariables(run.surroundings.image, { shell: context.shell, root }));
  for (const { name, value } of variables) env[name] = value;
  env['PATH'] = [...run.programs, env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter);
  const found = [env['PYTHONPATH'] ?? '', ...imports].filter((entry) => entry !== '');
  if (found.length > 0) env['PYTHONPATH'] = found.join(delimiter);
  // Where Jupyter looks for it: in its arguments everybody could read it.
  if (run.jupyter !== null) env['JUPYTER_TOKEN'] = run.jupyter.token;
  if (run.ray !== null)
    for (const [name, value] of Object.entries(rayEnvironment(context.plan))) env[name] ??= value;
  env[EXPERIMENT_MARK] = context.experimentId;
  env[POD_MARK] = pod.pod;
  if (devices !== null) env['CUDA_VISIBLE_DEVICES'] = devices.join(',');
  return env;
}

/** The command of every pod that runs the user's: the launcher reads the user's command from the environment. */
export const POD_COMMAND = ['sh', '-c', LAUNCHER] as const;
