import type { ExperimentEvent } from '../../experiment/event.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import type { Step } from '../../experiment/status.ts';

/**
 * Since when an experiment has waited: for its turn, or in a cluster for what its pods need. Null: it does not wait.
 *
 * @param events of it, oldest first
 */
export function waitsSince(
  { status, created_at, pods, attempt }: ExperimentState['record'],
  events: readonly ExperimentEvent[],
): string | null {
  const reached = (step: Step) =>
    events.find((event) => event.type === 'step' && event.step === step)?.time ?? created_at;
  if (status === 'Waiting') return created_at;
  if (status === 'Submitting') return reached('submit');
  if (status !== 'Running' || pods.some((pod) => pod.status !== 'Pending')) return null;
  const again = events.find((event) => event.type === 'attempt' && event.attempt === attempt);
  return again?.time ?? reached('run');
}
