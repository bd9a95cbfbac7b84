import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import type { ExperimentRun } from '../deps.ts';
import { processEnvironment } from '../pod/pod-environment.ts';
import { howToGetTensorBoard, startTensorBoard } from './tensorboard.ts';

/**
 * Has TensorBoard beside the pods when the manifest asks for it, without making them wait. It goes with the sweep at
 * the experiment's end.
 *
 * @returns resolves when what became of it was told, soon after `signal` at the latest
 */
export async function showTensorBoard(run: ExperimentRun, signal: AbortSignal): Promise<void> {
  const { context, facts, deps } = run;
  const [pod] = plannedPods(context.plan);
  if (!context.plan.tensorboard.enabled || pod === undefined) return;
  const env = processEnvironment(run, pod, { attempt: 1, devices: null });
  const events = env['AICHOR_TENSORBOARD_PATH'];
  if (events === undefined) return;
  const { experimentId, directory } = context;
  const board = { experimentId, events, directory, env: withoutSecrets(env, context.secrets) };
  const started = await startTensorBoard({ ...board, processes: deps.processes, stays: false }, signal);
  if (signal.aborted) return;
  if (started.kind === 'up') facts.push({ type: 'link', name: 'tensorboard', url: started.url });
  else if (started.kind === 'absent')
    facts.push({ type: 'notice', code: 'tensorboard_absent', message: howToGetTensorBoard(events) });
  else
    facts.push({
      type: 'notice',
      code: 'tensorboard_failed',
      message: `TensorBoard did not start: ${started.detail}`,
    });
}

/** TensorBoard needs none of them. */
function withoutSecrets(
  env: Record<string, string>,
  secrets: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !Object.hasOwn(secrets, name)));
}
