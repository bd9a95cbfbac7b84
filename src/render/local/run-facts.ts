import type { Plan, RunField } from '../../experiment/plan/plan.ts';
import type { PlannedPod } from '../../experiment/plan/planned-pods.ts';
import { objectName } from '../../operators/object-name.ts';
import { rayStartCommand } from '../../operators/command/ray-start.ts';
import { workloadKind } from '../../operators/table.ts';

/** Answers to everything a plan asks about a run, for one pod. Null: there is no such thing; its variables are left out. */
export type RunFacts = Readonly<Record<RunField, string | null>>;

/** What the embedded engine knows about a run. */
export interface LocalRun {
  experimentId: string;
  /** How often all pods were started again: attempt 1 has 0 restarts. */
  restarts: number;
  /** Where the coordinator is reached; absent: on this machine. */
  host?: string | undefined;
  /** Port of the coordinator: the documented one, or what was free instead. Null: the plan has no coordinator. */
  port: number | null;
  /** `input` and `output` end in `/`. */
  paths: { input: string; output: string; tensorboard: string | null };
  /** Address of the object storage; absent: pods have folders. */
  endpoint?: string | undefined;
  /** `ray start` parameters of this pod instead of the plan's; absent: the plan's. */
  rayParams?: Readonly<Record<string, string>> | undefined;
}

/** Pods reach each other on loopback, by its literal address: trackers bind what they are given. */
const LOOPBACK = '127.0.0.1';

/** Facts for one pod on this machine. */
export function localRunFacts(plan: Plan, pod: PlannedPod, run: LocalRun): RunFacts {
  const port = run.port === null ? null : String(run.port);
  const name = objectName(run.experimentId);
  const isRay = workloadKind(plan.operator) === 'rayjob';
  const rayAddress = isRay && port !== null ? `${LOOPBACK}:${port}` : null;
  return {
    'coordinator-host': port === null ? null : (run.host ?? LOOPBACK),
    'coordinator-port': port,
    'object-name': name,
    'experiment-id': run.experimentId,
    'input-path': run.paths.input,
    'output-path': run.paths.output,
    'tensorboard-path': run.paths.tensorboard,
    's3-endpoint': run.endpoint ?? null,
    'logs-path': run.endpoint === undefined ? null : run.paths.tensorboard,
    'ray-cluster-name': isRay ? name : null,
    'ray-address': rayAddress,
    'ray-start-command': rayAddress === null ? null : startLine(plan, pod, { address: rayAddress, ...run }),
    'restart-attempt': String(run.restarts),
  };
}

function startLine(
  plan: Plan,
  pod: PlannedPod,
  { address, port, rayParams }: Pick<LocalRun, 'port' | 'rayParams'> & { address: string },
): string | null {
  const group = plan.groups[pod.group];
  if (group === undefined || group.role === 'submitter') return null;
  const params = rayParams ?? group.ray_start_params;
  if (group.role !== 'head') return rayStartCommand(params, address);
  return rayStartCommand({ port: String(port), ...params }, null);
}
