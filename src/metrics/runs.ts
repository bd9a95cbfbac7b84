/**
 * Metrics by name, of the series of all runs. A run is a folder below the one of TensorBoard that holds event files (`''`: that one
 * itself); what came as JSON belongs to no folder.
 */

/** Where a series comes from. */
export interface SeriesOrigin {
  kind: Kind;
  /** Its folder, with `/`; `''` for JSON. */
  run: string;
  tag: string;
}

/** In the order in which they are believed: a name that two kinds give is the first one's. */
const KINDS = ['event-file', 'json-lines', 'log'] as const;
type Kind = (typeof KINDS)[number];

/**
 * What `add_hparams` writes into a run of its own, which is a part of the run above it. Writers that put hyperparameters beside
 * the metrics (clu) leave it out.
 */
const HPARAMS = '_hparams_/session_end_info';

/**
 * The name of each: its tag, with its run in front where several runs have scalars; runs of hyperparameters count as a part of the
 * run above them. One name is one series.
 *
 * @param hparams runs in which tags of hyperparameters were seen
 */
export function namesOf<T extends SeriesOrigin>(
  all: readonly T[],
  hparams: ReadonlySet<string>,
): Map<string, T> {
  const shownRun = ({ run }: SeriesOrigin) => (hparams.has(run) && run !== '' ? parentOf(run) : run);
  const runs = new Set(all.filter(({ kind }) => kind === 'event-file').map(shownRun));
  const named = new Map<string, T>();
  const inOrder = KINDS.flatMap((kind) => all.filter((one) => one.kind === kind));
  // A run's own before what is folded into it.
  for (const one of [
    ...inOrder.filter((o) => shownRun(o) === o.run),
    ...inOrder.filter((o) => shownRun(o) !== o.run),
  ]) {
    const short = prefixed(runs.size > 1 ? shownRun(one) : '', one.tag);
    if (!named.has(short)) named.set(short, one);
    else if (one.kind === 'event-file') named.set(prefixed(one.run, one.tag), one);
  }
  return named;
}

/** Whether a tag says that its run is one of hyperparameters. */
export function isHparamsTag(tag: string): boolean {
  return tag === HPARAMS;
}

function parentOf(run: string): string {
  return run.slice(0, Math.max(0, run.lastIndexOf('/')));
}

function prefixed(run: string, tag: string): string {
  return run === '' ? tag : `${run}/${tag}`;
}
