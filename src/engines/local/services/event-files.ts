import { basename } from 'node:path';
import { counted } from '../../../base/text/plural.ts';
import type { Processes } from '../../../machine/processes.ts';
import type { RunContext } from '../../engine.ts';
import type { FactQueue } from '../../facts.ts';
import { EXPERIMENT_MARK, POD_MARK } from '../pod/pod-environment.ts';

/** What TensorBoard calls an event file has it in its name. */
const EVENT_FILE = 'tfevents';
/** Milliseconds until the first look; from then on a pause as long as the attempt has run, up to the longest. */
const FIRST_MS = 2000;
const LONGEST_PAUSE_MS = 60_000;

/** Notices pods of one attempt that write one event file: each destroys what the other writes. */
export interface EventFileWatch {
  /** At each slow look; most of the time it does nothing. */
  look(): Promise<void>;
}

export function watchEventFiles(by: {
  context: Pick<RunContext, 'experimentId' | 'paths'>;
  pods: readonly { name: string }[];
  processes: Pick<Processes, 'marked' | 'writtenFiles'>;
  facts: Pick<FactQueue, 'push'>;
}): EventFileWatch {
  const { context, pods, processes, facts } = by;
  const names = new Set(pods.map(({ name }) => name));
  const began = performance.now();
  let due = began + FIRST_MS;
  let isOver = pods.length < 2 || context.paths.tensorboard === null;

  return {
    async look() {
      const now = performance.now();
      if (isOver || now < due) return;
      due = now + Math.min(LONGEST_PAUSE_MS, now - began);
      const marked = await processes.marked(EXPERIMENT_MARK, context.experimentId, POD_MARK);
      const podOf = new Map(marked.flatMap(({ pid, also }) => (also === null ? [] : [[pid, also]])));
      const written = await processes.writtenFiles([...podOf.keys()], EVENT_FILE);
      const shared = sharedFile(written, podOf, names);
      if (shared === null) return;
      isOver = true;
      facts.push({ type: 'notice', code: 'event_file_shared', message: messageOf(shared) });
    },
  };
}

interface Shared {
  path: string;
  pods: string[];
}

/** The first file that several of these pods write. */
function sharedFile(
  written: ReadonlyMap<number, readonly { identity: string; path: string }[]>,
  podOf: ReadonlyMap<number, string>,
  names: ReadonlySet<string>,
): Shared | null {
  const writers = new Map<string, { path: string; pods: Set<string> }>();
  for (const [pid, files] of written) {
    const pod = podOf.get(pid) ?? '';
    if (!names.has(pod)) continue;
    for (const { identity, path } of files) {
      const known = writers.get(identity) ?? { path, pods: new Set() };
      writers.set(identity, { path: known.path, pods: known.pods.add(pod) });
    }
  }
  const found = [...writers.values()].find(({ pods }) => pods.size > 1);
  return found === undefined ? null : { path: found.path, pods: [...found.pods].sort() };
}

function messageOf({ path, pods }: Shared): string {
  const [first, second, ...others] = pods;
  const who =
    others.length === 0 ? `${first} and ${second}` : `${first} and ${counted(pods.length - 1, 'other pod')}`;
  return `${who} write one event file, ${basename(path)}, and destroy each other's values: give each its own, SummaryWriter(path, filename_suffix=f".{rank}", flush_secs=1), or let one pod write`;
}
