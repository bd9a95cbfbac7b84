import type { BulkResult } from '../../api/contract.ts';
import { counted } from '../../base/text/plural.ts';
import { isTerminal } from '../../experiment/status.ts';
import { send } from '../base/api.ts';
import { go } from '../base/route.ts';
import { say, sayFailure } from '../base/said.ts';
import { confirmed } from '../parts/confirm.tsx';
import type { ListedExperiments } from './listed.ts';
import type { ListSelection } from './selection.ts';

/** What can be done to those that are selected. */
export function SelectionBar({ listed, selection }: { listed: ListedExperiments; selection: ListSelection }) {
  const ids = [...selection.ids.value];
  const ended = ids.filter((id) => isEnded(listed, id));
  const live = ids.filter((id) => !isEnded(listed, id));
  const done = async (deed: Promise<string>) => {
    try {
      say(await deed);
      selection.clear();
      await listed.refresh();
    } catch (error) {
      sayFailure(error);
    }
  };
  return (
    <div class="selection" role="toolbar" aria-label="Selected experiments">
      <b>{counted(ids.length, 'experiment')}</b>
      <button type="button" disabled={live.length === 0} onClick={() => void done(cancel(live))}>
        Cancel
      </button>
      <button type="button" onClick={() => void resubmit(listed, ids, done).catch(sayFailure)}>
        Resubmit
      </button>
      <button type="button" disabled={ids.length < 2} onClick={() => go(`/compare?${idsQuery(ids)}`)}>
        Compare
      </button>
      <button
        type="button"
        class="danger"
        disabled={ended.length === 0}
        onClick={() => void askedFor(ended).then((isWanted) => (isWanted ? done(remove(ended)) : undefined))}
      >
        Delete
      </button>
      <button type="button" class="quiet" onClick={selection.clear}>
        Select nothing
      </button>
    </div>
  );
}

function isEnded(listed: ListedExperiments, id: string): boolean {
  const status = listed.row(id)?.value.status;
  return status !== undefined && isTerminal(status);
}

function idsQuery(ids: readonly string[]): string {
  return ids.map((id) => `id=${id}`).join('&');
}

function askedFor(ids: readonly string[]): Promise<boolean> {
  return confirmed({
    title: `Delete ${counted(ids.length, 'experiment')}?`,
    text: 'Their records and logs go for good. What they wrote as outputs stays.',
    deed: 'Delete',
  });
}

async function cancel(ids: readonly string[]): Promise<string> {
  return told('cancelled', await send<BulkResult>('POST', '/experiments/cancel', { ids }));
}

async function remove(ids: readonly string[]): Promise<string> {
  return told('deleted', await send<BulkResult>('POST', '/experiments/delete', { ids }));
}

async function resubmit(
  listed: ListedExperiments,
  ids: readonly string[],
  done: (deed: Promise<string>) => Promise<void>,
): Promise<void> {
  const { showResubmit } = await import('../parts/resubmit.tsx');
  return showResubmit({
    ids,
    env: commonEnv(ids.map((id) => listed.row(id)?.value.env ?? {})),
    onDone(made, failure) {
      if (failure !== null && made.length === 0) return sayFailure(failure);
      const refused = failure instanceof Error ? `; the next one was refused: ${failure.message}` : '';
      void done(Promise.resolve(`${counted(made.length, 'experiment')} submitted again${refused}`));
    },
  });
}

/** Variables that have the same value in all of them. */
function commonEnv([first = {}, ...others]: readonly Readonly<Record<string, string>>[]) {
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((env) => env[name] === value)),
  );
}

/** Throws what the first one that refused said, when none was done. */
function told(what: string, { experiments, errors: [error, ...others] }: BulkResult): string {
  if (error !== undefined && experiments.length === 0) throw new Error(error.message);
  const refused = error === undefined ? '' : `; ${others.length + 1} refused: ${error.message}`;
  return `${counted(experiments.length, 'experiment')} ${what}${refused}`;
}
