import type { Notice } from '../../../experiment/record.ts';
import { namedStrays, straysOf } from '../pod/containers.ts';
import type { SeenContainer } from '../pod/seen-pod.ts';
import type { PodView } from '../status/model.ts';
import type { JudgeInput } from '../status/verdict.ts';

/** Containers that the cluster added to a pod, and that go on although its work is done. */
export function strayIn({ source }: Pick<PodView, 'source'>, now: Date): readonly SeenContainer[] {
  return source === null ? [] : straysOf(source, now);
}

/** What is told when they are ended. One for all pods: what adds a container adds it to each. */
export function sidecarEnded(
  held: readonly Pick<PodView, 'pod' | 'source'>[],
  { sidecarGraceS, now }: Pick<JudgeInput, 'sidecarGraceS' | 'now'>,
): Notice {
  const all = held.flatMap((pod) => strayIn(pod, now));
  const names = new Set(all.map(({ name }) => name));
  const strays = [...names].map((name) => ({ name }));
  const so = all.some(({ state }) => state?.running !== undefined) ? 'still ran' : 'had not started';
  const [first] = held;
  const where = held.length === 1 ? first?.pod : `${held.length} pods`;
  const message = `${namedStrays(strays)} ${so} in ${where} ${sidecarGraceS} s after the command had ended, and was ended (sidecar_grace_s of the engine)`;
  return { code: 'sidecar_ended', message };
}
