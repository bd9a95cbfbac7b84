import type { Event } from '../api/objects.ts';
import { lastMainEnd } from '../pod/containers.ts';
import { conditionOf } from '../pod/disruption.ts';
import type { SeenPod } from '../pod/seen-pod.ts';
import type { PodWait } from './pending.ts';

/** Weight of what an image lacks: it is why its container ends again and again, or is never ready. */
const WEIGHT = 95;

/**
 * What a Ray node's image lacks of what KubeRay needs in it, where the node's end or KubeRay's own probes show it: `bash` and
 * `ray` to start it, what asks for its health (`wget` and `grep`, unless it is Ray 2.53 or later under KubeRay 1.6 or later).
 * No other start of the same image mends that. Null: nothing shows it, or the pod is no Ray node.
 *
 * @param events of the experiment, oldest first
 */
export function whyImageLacks(pod: SeenPod, events: readonly Event[]): PodWait | null {
  if (pod.main.name !== 'ray-head' && pod.main.name !== 'ray-worker') return null;
  return lackingAtStart(pod) ?? lackingForProbes(pod, events);
}

/** The container's command is KubeRay's own, `bash -c "ulimit …; ray start …"`: nothing else in it can be not found. */
function lackingAtStart(pod: SeenPod): PodWait | null {
  const end = pod.main.state?.running === undefined ? lastMainEnd(pod) : null;
  if (end === null) return null;
  const since = end.finishedAt ?? null;
  if (end.exitCode === 127) {
    const cure = 'install ray[default] in the image (pip, uv), and have its ENV PATH lead to it';
    return lacking(`its image has no ray on its PATH (exit 127); ${cure}`, since);
  }
  const shell = /exec: "([^"]*\bbash)"/.exec(end.message ?? '')?.[1];
  if (shell === undefined || !/not found|no such file/i.test(end.message ?? '')) return null;
  return lacking(
    `its image has no ${shell}, with which KubeRay starts Ray; install bash in the image`,
    since,
  );
}

/** As the kubelet tells it of a probe that runs a command: `Readiness probe failed: bash: line 1: wget: command not found`. */
function lackingForProbes(pod: SeenPod, events: readonly Event[]): PodWait | null {
  if (conditionOf(pod, 'Ready')?.status !== 'False') return null;
  for (const { involvedObject, reason, message = '', firstTimestamp } of events) {
    if (involvedObject.uid !== pod.uid || reason !== 'Unhealthy') continue;
    const program = /: ([\w.+-]+): (?:command )?not found/.exec(message)?.[1];
    if (program === undefined) continue;
    const without =
      program === 'wget' ? ', or use Ray 2.53 or later where KubeRay is 1.6 or later, which needs none' : '';
    const text = `its image has no ${program}, by which KubeRay asks whether a Ray node is ready, so that it never is; install ${program} in the image (apt-get install ${program})${without}`;
    return lacking(text, firstTimestamp ?? null);
  }
  return null;
}

function lacking(text: string, since: string | null): PodWait {
  return { text, weight: WEIGHT, reason: 'CommandNotFound', patience: 'none', since };
}
