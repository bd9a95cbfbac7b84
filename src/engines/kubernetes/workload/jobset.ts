import { objectName } from '../../../operators/object-name.ts';
import { RESOURCES, type Condition, type ObservedJobSet } from '../api/objects.ts';
import { indexOf, labelOf } from '../pod/labels.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { Place, WorkloadView } from '../status/model.ts';
import { hasFailed } from '../status/root-failure.ts';
import { suspendedBefore, suspensionsOf } from '../suspension/suspensions.ts';
import { judgeJobSetFailure } from './jobset-failure.ts';
import { judgeUnfinished } from './jobset-unfinished.ts';
import { standInJobSet } from './jobset-pods.ts';
import { rememberSuspensions } from '../suspension/jobset-suspensions.ts';
import type { ToPlace, Workload } from './workload.ts';

/** What carries the operators jobset, jax, pytorch and xgboost. */
export const JOBSET: Workload = {
  resource: RESOURCES.jobsets,
  product: 'JobSet',
  watched: 'jobset',
  object: ({ jobset }) => jobset,
  said: ({ jobset }) => saidOf(jobset ?? {}),
  attempt: ({ jobset }) => (jobset?.status?.restarts ?? 0) + 1,
  place(toPlace) {
    const memory = rememberSuspensions(toPlace);
    return { places: placeAll({ ...toPlace, memory }), memory };
  },
  stand: standInJobSet,
  failure: judgeJobSetFailure,
  unfinished: judgeUnfinished,
  disturbed: ({ view }) => view.pods.find(hasFailed) ?? null,
  owners({ planned }, _, experimentId) {
    const name = objectName(experimentId);
    return new Set([name, `${name}-${planned.type}-${planned.job_index}`]);
  },
  resumes: true,
  copes: () => false,
};

type Said = Pick<WorkloadView, 'state' | 'message' | 'reason' | 'endedAt'>;

function saidOf({ spec, status }: Pick<ObservedJobSet, 'spec' | 'status'>): Said {
  const { conditions = [] } = status ?? {};
  const said = (condition: Condition | null, state: WorkloadView['state']): Said => ({
    state,
    message: condition?.message ?? null,
    reason: condition?.reason ?? null,
    endedAt: state === 'failed' || state === 'completed' ? (condition?.lastTransitionTime ?? null) : null,
  });
  const failed = trueCondition(conditions, 'Failed');
  if (failed !== null || status?.terminalState === 'Failed') return said(failed, 'failed');
  const completed = trueCondition(conditions, 'Completed');
  if (completed !== null || status?.terminalState === 'Completed') return said(completed, 'completed');
  const suspended = trueCondition(conditions, 'Suspended');
  if (spec?.suspend === true) return said(suspended, 'suspended');
  return said(null, 'live');
}

function trueCondition(conditions: readonly Condition[], type: string): Condition | null {
  return conditions.find((each) => each.type === type && each.status === 'True') ?? null;
}

function placeAll({ pods, workloads, offset: present, memory, observed }: ToPlace): Map<string, Place> {
  const places = new Map<string, Place>();
  for (const pod of pods) {
    const name = podName(pod);
    const uid = labelOf(pod, 'jobsetUid') ?? observed.jobset?.metadata?.uid;
    const offset = workloads.find((each) => each.uid === uid)?.offset ?? present;
    const suspended = suspendedBefore(suspensionsOf(memory, uid), pod.createdAt);
    if (name !== null)
      places.set(pod.uid, { pod: name, attempt: offset + restartsBefore(pod) + suspended + 1 });
  }
  return places;
}

/** Of thousands of pods most were there at the look before: their labels do not change. */
const names = new WeakMap<SeenPod, string | null>();

/** Our name for a pod of a JobSet, `<type>-<job index>-<pod index>`; null: it is not one. */
function podName(pod: SeenPod): string | null {
  const known = names.get(pod);
  if (known !== undefined) return known;
  const type = labelOf(pod, 'replicatedJob');
  const job = indexOf(pod, 'jobIndex');
  const index = indexOf(pod, 'completionIndex');
  const name = type === null || job === null || index === null ? null : `${type}-${job}-${index}`;
  names.set(pod, name);
  return name;
}

/** How often the whole JobSet had been started again when this pod was made. */
function restartsBefore(pod: SeenPod): number {
  return indexOf(pod, 'restartAttempt') ?? 0;
}
