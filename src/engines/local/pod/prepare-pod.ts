import type { PlannedPod } from '../../../experiment/plan/planned-pods.ts';
import type { RunContext } from '../../engine.ts';
import type { InsideOptions } from '../container/containers.ts';
import { withPackages } from '../build/packages/private.ts';
import type { Surroundings } from '../mounts/surroundings.ts';
import type { GpuPool } from '../shared/gpu-pool.ts';
import type { LogPump } from './log-pump.ts';
import type { EnvironmentPlace } from './pod-environment.ts';
import { podPlace } from './pod-place.ts';
import type { LivePod } from './pod.ts';

/** What a pod needs to run, and to be told to stop. */
export interface PreparedPod {
  folder: string;
  /** The same in its own eyes. */
  start: string;
  env: Record<string, string>;
  stdout: string;
  stderr: string;
  /** Words before a command that give it the pod's mounts; none where it has none. */
  enter: readonly string[];
  /** Words before a command that run it in the pod's container, which `enter` starts; absent: it has none. */
  inside?: ((options: InsideOptions) => string[]) | undefined;
}

/** Makes what is not there yet. Throws the signal's reason when it is aborted meanwhile. */
export type PreparePod = (pod: LivePod, attempt: number, signal: AbortSignal) => Promise<PreparedPod>;

export function podPreparation({
  context,
  surroundings,
  contained,
  environment,
  gpus,
  logs,
}: {
  context: RunContext;
  surroundings: Surroundings;
  /** Pods have namespaces of their own. */
  contained: boolean;
  environment: (pod: PlannedPod, place: EnvironmentPlace) => Record<string, string>;
  gpus: Pick<GpuPool, 'devices'>;
  logs: Pick<LogPump, 'open'>;
}): PreparePod {
  return async (pod, attempt, signal) => {
    const [out, err] = pod.logs;
    if (out === undefined || err === undefined) throw new Error(`${pod.name} has no log sources`);
    const { folder, start, enter, root, imports } = await podPlace(
      { context, surroundings, contained },
      { attempt, pod, signal },
    );
    pod.folder = folder;
    const devices = (await gpus.devices()).length > 0 ? (pod.devices ?? []) : null;
    const variables = environment(pod.planned, { attempt, devices, root, imports });
    const env = await withPackages({ context, surroundings }, { attempt, pod: pod.name, env: variables });
    return { folder, start, enter, env, stdout: await logs.open(out), stderr: await logs.open(err) };
  };
}
