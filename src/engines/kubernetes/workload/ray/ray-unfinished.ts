import { mainEnd, namedStrays } from '../../pod/containers.ts';
import { waitOn, type JudgeInput, type Judgement } from '../../status/verdict.ts';
import { judgeRayFailure } from './ray-failure.ts';
import { sidecarEnded, strayIn } from '../strays.ts';

const ENDED: ReadonlySet<string> = new Set(['SUCCEEDED', 'FAILED', 'STOPPED']);

/**
 * A Ray job that has ended while its RayJob goes on: KubeRay waits for the whole pod of the submitter, five minutes long. What
 * was added to that pod has its grace, and is then ended with the workload. Null: nothing is settled by that.
 */
export function judgeRayUnfinished(input: JudgeInput): Judgement | null {
  const { observed, view, plan, now, sidecarGraceS } = input;
  const { jobStatus = '' } = observed.rayjob?.status ?? {};
  if (view.superseded || !ENDED.has(jobStatus)) return null;
  const submitter = view.pods.find(({ group }) => plan.groups[group]?.role === 'submitter');
  const strays = submitter === undefined ? [] : strayIn(submitter, now);
  if (submitter?.source == null || strays.length === 0) return null;
  const wait = waitOn(mainEnd(submitter.source)?.finishedAt ?? null, sidecarGraceS * 1000, now);
  if (wait !== null) return wait;
  if (jobStatus === 'SUCCEEDED')
    return { kind: 'succeeded', notices: [sidecarEnded([submitter], { sidecarGraceS, now })] };
  if (view.tries > plan.backoff_limit) return judgeRayFailure(input);
  const explanation = `the Ray job ended as ${jobStatus}, and ${namedStrays(strays)} kept ${submitter.pod} from ending`;
  return { kind: 'again', explanation };
}
