import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere } from '../../../base/io/files.ts';
import type { Pod } from '../api/objects.ts';
import type { Observed } from '../watch/observed.ts';
import { see, type SeenPod } from '../pod/seen-pod.ts';

/**
 * Pods as they were last seen, written down before they are let go of: once the cluster has removed them, nothing else
 * says how they ended. One `SeenPod` a line, in `pods.jsonl`: what is read is what was written.
 */
export interface EndedPods {
  readonly pods: readonly SeenPod[];
  /** Each pod once, however often it is given. On return it is written. */
  add(pods: readonly SeenPod[]): Promise<void>;
}

export async function openEndedPods(directory: string): Promise<EndedPods> {
  const path = join(directory, 'pods.jsonl');
  const { pods, torn } = parseLines((await readIfThere(path)) ?? '');
  const known = new Set(pods.map(({ uid }) => uid));
  let start = torn ? '\n' : '';
  return {
    pods,
    async add(more) {
      const fresh = more.filter(({ uid }) => !known.has(uid));
      if (fresh.length === 0) return;
      const lines = fresh.map((pod) => `${JSON.stringify(pod)}\n`).join('');
      await appendFile(path, start + lines, { mode: 0o600 });
      start = '';
      for (const { uid } of fresh) known.add(uid);
      pods.push(...fresh);
    },
  };
}

/** What is observed, with those pods that are gone since somebody who is gone too has seen them. */
export function withEnded(observed: Observed, { pods }: Pick<EndedPods, 'pods'>): Observed {
  if (pods.length === 0) return observed;
  const seen = new Set([...observed.pods, ...observed.gone].map(({ uid }) => uid));
  const gone = pods.filter(({ uid }) => !seen.has(uid));
  return gone.length === 0 ? observed : { ...observed, gone: [...gone, ...observed.gone] };
}

/** A last line without its end was being written when somebody died: its pod was not let go of. */
function parseLines(text: string): { pods: SeenPod[]; torn: boolean } {
  const lines = text.split('\n');
  const torn = lines.pop() !== '';
  return { pods: lines.flatMap((line) => parsePod(line) ?? []), torn };
}

/** Earlier versions wrote down what they had of the Pod itself. */
function parsePod(line: string): SeenPod | null {
  try {
    const pod: SeenPod | Pod = JSON.parse(line);
    return 'uid' in pod ? pod : see(pod);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
