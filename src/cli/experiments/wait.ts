import type { LogsOf } from '../../client/streams/experiment-logs.ts';
import type { Client } from '../../client/client.ts';
import { watchExperiments } from '../../client/streams/watch.ts';
import { AichorError, isAichorError, type ErrorCode } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { isTerminal } from '../../experiment/status.ts';

interface WaitOptions {
  client: Pick<Client, 'watch'>;
  /** Full ids. */
  ids: readonly string[];
  /** States of them that were read already: what is told when the time is up before the first change comes. */
  known?: readonly ExperimentSummary[];
  signal: AbortSignal;
  /** Seconds; null: as long as it takes. */
  timeout: number | null;
  /** Called with every change, the present states first; `said` is how far all of them are, in a line. */
  onChange(summary: ExperimentSummary, said: string): void;
  onLost(): void;
}

const IDS_PER_WATCH = 200;
/** Ids that are written out in a hint. */
const MOST_NAMED = 5;

/** Timers above this fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Waited {
  /** In the order of the ids; at a timeout those that were not terminal are there as they were last seen. */
  experiments: ExperimentSummary[];
  /** Null: all succeeded. */
  error: AichorError | null;
}

/** Follows the experiments until all are terminal, or the time is up, and says what came of them. */
export async function waitForEnd({
  client,
  ids,
  known = [],
  signal,
  timeout,
  onChange,
  onLost,
}: WaitOptions): Promise<Waited> {
  const limit = timeout === null ? null : AbortSignal.timeout(Math.min(timeout * 1000, LONGEST_TIMER_MS));
  const broken = new AbortController();
  const either = AbortSignal.any([signal, broken.signal, ...(limit ? [limit] : [])]);
  const seen = new Map(known.map((summary) => [summary.experiment_id, summary]));
  const watch = async (id: string[]) => {
    for await (const summary of watchExperiments({ client, query: { id }, signal: either, onLost })) {
      seen.set(summary.experiment_id, summary);
      onChange(summary, progressOf(ids, seen));
    }
  };
  try {
    await Promise.all(watched(ids.filter((id) => !isEnded(seen.get(id)))).map(watch));
  } catch (error) {
    if (signal.aborted || !limit?.aborted) throw error;
  } finally {
    broken.abort();
  }
  const experiments = ids.flatMap((id) => seen.get(id) ?? []);
  const isOver = ids.every((id) => isEnded(seen.get(id)));
  return { experiments, error: isOver ? verdictOn(experiments) : timedOut(ids, seen) };
}

/** How far they are: of one its status and why, of several `8 of 30 ended, 2 running, 20 waiting`. */
export function progressOf(ids: readonly string[], seen: ReadonlyMap<string, ExperimentSummary>): string {
  const [first] = ids;
  const only = ids.length === 1 && first !== undefined ? seen.get(first) : undefined;
  if (only !== undefined) {
    const { experiment_id: id, status, explanation } = only;
    return `${id.slice(0, 8)} ${status}${explanation === null ? '' : `: ${explanation}`}`;
  }
  const states = ids.flatMap((id) => seen.get(id) ?? []);
  const live = states.filter(({ status }) => !isTerminal(status));
  const ended = states.length - live.length;
  const running = live.filter(({ status }) => status !== 'Waiting').length;
  return [
    `${ended} of ${ids.length} ended`,
    ...(running > 0 ? [`${running} running`] : []),
    ...(live.length > running ? [`${live.length - running} waiting`] : []),
  ].join(', ');
}

/** Ids stand in the address of the request, and a server reads 16 kB of it. */
function watched(ids: readonly string[]): string[][] {
  const groups = Math.ceil(ids.length / IDS_PER_WATCH);
  return Array.from({ length: groups }, (_group, index) =>
    ids.slice(index * IDS_PER_WATCH, (index + 1) * IDS_PER_WATCH),
  );
}

/** What the ends of these experiments mean for the exit code; several: the largest code. Null: all succeeded. */
export function verdictOn(experiments: readonly ExperimentSummary[]): AichorError | null {
  return worst(experiments.flatMap((experiment) => endError(experiment) ?? []));
}

/** One error for several: the one with the largest exit code, and how many there are beside it. */
export function worst(errors: readonly AichorError[]): AichorError | null {
  const [first, ...rest] = [...errors].sort((a, b) => EXIT_CODES[b.code] - EXIT_CODES[a.code]);
  if (!first || rest.length === 0) return first ?? null;
  const others = rest.slice(0, MOST_NAMED).map((error) => error.message);
  if (rest.length > MOST_NAMED) others.push(`and ${rest.length - MOST_NAMED} more`);
  return new AichorError(first.code, `${first.message}; ${others.join('; ')}`, { hint: first.hint });
}

const ENDS: Partial<Record<ExperimentSummary['status'], ErrorCode>> = {
  Failed: 'experiment_failed',
  Cancelled: 'experiment_cancelled',
};

function endError({ experiment_id: id, status, reason, explanation }: ExperimentSummary): AichorError | null {
  const code = ENDS[status];
  if (code === undefined) return null;
  const why = explanation ?? reason;
  return new AichorError(
    code,
    `experiment ${id} ${status === 'Failed' ? 'failed' : 'was cancelled'}${why === null ? '' : `: ${why}`}`,
    {
      hint: status === 'Failed' ? `aichor experiments logs ${id} shows what it printed` : null,
    },
  );
}

function timedOut(ids: readonly string[], seen: ReadonlyMap<string, ExperimentSummary>): AichorError {
  const open = ids.filter((id) => !isEnded(seen.get(id)));
  const state =
    open.length === 1
      ? `experiment ${open[0]} is still ${seen.get(open[0] ?? '')?.status ?? 'unknown'}`
      : `${open.length} experiments have not ended`;
  const [go, them] = open.length === 1 ? ['it goes', 'it'] : ['they go', 'them'];
  // Hundreds of ids would hide what is said.
  const named = open.length > MOST_NAMED ? 'ID…' : open.join(' ');
  return new AichorError('timeout', `the time is up; ${state}`, {
    hint: `${go} on; wait again, or end ${them} with aichor experiments cancel ${named}`,
  });
}

function isEnded(summary: ExperimentSummary | undefined): boolean {
  return summary !== undefined && isTerminal(summary.status);
}

/** The error of one of several things that were asked for; what concerns all of them is thrown on. */
export function perItem(error: unknown): AichorError {
  if (isAichorError(error) && (error.code === 'not_found' || error.code === 'ambiguous')) return error;
  throw error;
}

/** Of an experiment whose log was followed to its end: the exit code tells how it ended. */
export async function throwVerdict({ client, record, signal, onReconnect }: LogsOf): Promise<void> {
  const { error } = await waitForEnd({
    client,
    ids: [record.experiment_id],
    signal,
    timeout: null,
    onChange: () => undefined,
    onLost: onReconnect,
  });
  if (error) throw error;
}
