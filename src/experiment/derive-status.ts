import type { PodStatus, Reason, Status, Step } from './status.ts';

/** What decides a status: the part of an experiment's state that it is read from. */
interface Known {
  record: { step: Step; pods: readonly { pod: string; status: PodStatus; reason: Reason | null }[] };
  cancel_requested: boolean;
  progress: string | null;
  failure: { reason: Reason; explanation: string } | null;
  ended: boolean;
  suspended?: boolean;
}

interface Derived {
  status: Status;
  reason: Reason | null;
  explanation: string | null;
}

const STATUS_OF_STEP: Record<Step, Status> = {
  wait: 'Waiting',
  clone: 'Cloning',
  build: 'Building',
  submit: 'Submitting',
  run: 'Running',
};

/**
 * THE function from facts to status; nothing else in the program decides one. In order of priority:
 *
 * 1. Not ended: the status of the step it is in (`Submitting` again while the cluster has suspended it); a requested cancel and a failure that is still being cleaned
 *    up after are said in the explanation only.
 * 2. Ended, a failure fact: `Failed` with its reason. (A cancel that came after the failure changes nothing.)
 * 3. Ended, every pod of the last attempt succeeded (or the plan has none): `Succeeded`, also when a cancel
 *    was on its way: what succeeded is not called cancelled.
 * 4. Ended, a cancel was requested: `Cancelled`.
 * 5. Ended otherwise: `Failed`, `EngineLost`: success was never observed.
 */
export function deriveStatus(state: Known): Derived {
  if (!state.ended) return deriveLive(state);
  if (state.failure) return { status: 'Failed', ...state.failure };
  const { step, pods } = state.record;
  if (step === 'run' && pods.every((pod) => pod.status === 'Succeeded')) {
    return { status: 'Succeeded', reason: null, explanation: null };
  }
  if (state.cancel_requested) {
    return { status: 'Cancelled', reason: 'CancelledByUser', explanation: 'cancelled on request' };
  }
  return {
    status: 'Failed',
    reason: 'EngineLost',
    explanation: 'the engine lost the experiment before its end was seen',
  };
}

function exitWaits(pod: string): string {
  return `${pod} has ended, and its exit code waits for room on the disk; aichor experiments prune --outputs, or aichor experiments delete ID --outputs, makes some`;
}

function deriveLive({ record, cancel_requested, failure, progress, suspended = false }: Known): Derived {
  const status = suspended ? 'Submitting' : STATUS_OF_STEP[record.step];
  if (failure)
    return { status, reason: failure.reason, explanation: `${failure.explanation}; being stopped` };
  if (cancel_requested) return { status, reason: 'CancelledByUser', explanation: 'being cancelled' };
  const waiting = record.pods.find((pod) => pod.status === 'Running' && pod.reason === 'DiskFull');
  if (waiting) return { status, reason: 'DiskFull', explanation: exitWaits(waiting.pod) };
  return { status, reason: null, explanation: progress };
}
