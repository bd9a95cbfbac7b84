import { delimiter } from 'node:path';
import { LAUNCHER } from '../../../operators/command/launcher.ts';
import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import { localRunFacts, podEnvironment } from '../../../render/local/environment.ts';
import type { RunContext } from '../../engine.ts';
import { runVariables, type RunImage } from '../mounts/run-image.ts';
import type { LocalWorkload } from '../workload.ts';

/** Variables that name the pod to whom a process belongs, whatever it became: found again by the sweep. */
export const EXPERIMENT_MARK = 'AICHOR_EXPERIMENT_ID';
export const POD_MARK = 'HOSTNAME';

/** Settings of installers: the build sees them, pods do not (contract 7). */
const BUILD_ONLY = /^(PIP|UV)_/;

/** What the pods of one experiment get their variables from. */
export interface EnvironmentSource {
  context: Pick<RunContext, 'plan' | 'experimentId' | 'secrets' | 'shell'>;
  storage: PodStorage;
  /** Port of the coordinator; null: the plan has none. */
  port: number | null;
  image: RunImage;
  /** Folders that come first in PATH. */
  programs: readonly string[];
  workload: Pick<LocalWorkload, 'variables' | 'rayParams'>;
  /** Variables that nothing else can change. */
  fixed: Readonly<Record<string, string>>;
}

/** Where pods read and write: folders, or buckets. */
export interface PodStorage {
  paths: RunContext['paths'];
  /** Address of the buckets; absent: they are folders. */
  endpoint?: string;
  /** Unless users give their own. */
  variables: Readonly<Record<string, string>>;
  /** Keys were found, and are not among them, because they end while pods run. */
  keysEnd?: boolean;
}

export interface EnvironmentPlace {
  attempt: number;
  /** Null where the machine has no GPU to divide. */
  devices: readonly string[] | null;
  /** Folder that stands for the image's root; null: the image's files are at their paths. */
  root?: string | null;
  /** Folders after those of PYTHONPATH. */
  imports?: readonly string[];
}

/**
 * The whole environment of one pod: the submitting shell's basics, the image's, then the plan's variables, with the
 * experiment's programs first in PATH.
 */
export function processEnvironment(
  { context, storage, port, image, programs, workload, fixed }: EnvironmentSource,
  pod: PlannedPod,
  { attempt, devices, root = null, imports = [] }: EnvironmentPlace,
): Record<string, string> {
  const { plan, experimentId, secrets, shell } = context;
  const facts = localRunFacts(plan, pod, {
    experimentId,
    restarts: attempt - 1,
    port,
    paths: storage.paths,
    endpoint: storage.endpoint,
    rayParams: workload.rayParams(pod, attempt),
  });
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(shell)) if (!BUILD_ONLY.test(name)) env[name] = value;
  Object.assign(env, runVariables(image, { shell, root }));
  for (const { name, value } of podEnvironment(plan, pod, facts, secrets)) env[name] = value;
  env['PATH'] = [...programs, env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter);
  const found = [env['PYTHONPATH'] ?? '', ...imports].filter((entry) => entry !== '');
  if (found.length > 0) env['PYTHONPATH'] = found.join(delimiter);
  for (const [name, value] of Object.entries({ ...storage.variables, ...workload.variables }))
    env[name] ??= value;
  Object.assign(env, fixed);
  env[EXPERIMENT_MARK] = experimentId;
  env[POD_MARK] = pod.pod;
  if (devices !== null) env['CUDA_VISIBLE_DEVICES'] = devices.join(',');
  return env;
}

/** The command of every pod that runs the user's: the launcher reads the user's command from the environment. */
export const POD_COMMAND = ['sh', '-c', LAUNCHER] as const;
