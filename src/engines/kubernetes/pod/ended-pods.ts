import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../../errors.ts';
import type { Observed, Pod } from '../api/objects.ts';

/**
 * Pods as they were last seen, written down before they are let go of: once the cluster has removed them, nothing else
 * says how they ended. One JSON object a line, in `pods.jsonl`.
 */
export interface EndedPods {
  readonly pods: readonly Pod[];
  /** Each pod once, however often it is given. On return it is written. */
  add(pods: readonly Pod[]): Promise<void>;
}

export async function openEndedPods(directory: string): Promise<EndedPods> {
  const path = join(directory, 'pods.jsonl');
  const { pods, torn } = parseLines(await readText(path));
  const known = new Set(pods.map(uidOf));
  let start = torn ? '\n' : '';
  return {
    pods,
    async add(more) {
      const fresh = more.filter((pod) => !known.has(uidOf(pod))).map(trimmed);
      if (fresh.length === 0) return;
      const lines = fresh.map((pod) => `${JSON.stringify(pod)}\n`).join('');
      await appendFile(path, start + lines, { mode: 0o600 });
      start = '';
      for (const pod of fresh) known.add(uidOf(pod));
      pods.push(...fresh);
    },
  };
}

/** What is observed, with those pods that are gone since somebody who is gone too has seen them. */
export function withEnded(observed: Observed, { pods }: EndedPods): Observed {
  if (pods.length === 0) return observed;
  const seen = new Set([...observed.pods, ...observed.gone].map(uidOf));
  const gone = pods.filter((pod) => !seen.has(uidOf(pod)));
  return gone.length === 0 ? observed : { ...observed, gone: [...gone, ...observed.gone] };
}

export function uidOf({ metadata }: Pod): string {
  return metadata?.uid ?? '';
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw error;
  }
}

/** A last line without its end was being written when somebody died: its pod was not let go of. */
function parseLines(text: string): { pods: Pod[]; torn: boolean } {
  const lines = text.split('\n');
  const torn = lines.pop() !== '';
  const pods: Pod[] = [];
  for (const line of lines) {
    const pod = parsePod(line);
    if (pod !== null) pods.push(pod);
  }
  return { pods, torn };
}

function parsePod(line: string): Pod | null {
  try {
    return JSON.parse(line) as Pod;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Less what nobody asks of an ended pod: who wrote which field, and most of what was asked for. */
function trimmed({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const { managedFields: _, ...meta } = metadata ?? {};
  const containers = spec?.containers.map(({ name, resources, image }) => ({ name, resources, image }));
  const initContainers = spec?.initContainers?.map(({ name }) => ({ name }));
  const kept = {
    ...(spec?.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
    containers: containers ?? [],
    ...(initContainers === undefined ? {} : { initContainers }),
  };
  return { apiVersion, kind, metadata: meta, spec: kept, status } as Pod;
}
