import { useSignal } from '@preact/signals';
import type { BulkResult } from '../../api/contract.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { isTerminal } from '../../experiment/status.ts';
import { send } from '../base/api.ts';
import { now } from '../base/clock.ts';
import { go } from '../base/route.ts';
import { say, sayFailure } from '../base/said.ts';
import { may } from '../base/session.ts';
import { firstLine, shortDuration, shortId } from '../base/text.ts';
import { confirmed } from '../parts/confirm.tsx';
import { StatusMark } from '../parts/status.tsx';

/** What it is, how it stands and why, in large type; and what can be done to it. */
export function Head({ record }: { record: ExperimentRecord }) {
  const { experiment_id: id, message, status, explanation, progress } = record;
  return (
    <div class="head">
      <p class="crumbs">
        <a href="/experiments">Experiments</a> <span class="muted">/ {shortId(id)}</span>
      </p>
      <h1>{firstLine(message) || shortId(id)}</h1>
      <p class="state">
        <StatusMark status={status} />
        <Time record={record} />
      </p>
      {explanation !== null && <p class="explanation">{explanation}</p>}
      {progress !== null && !isTerminal(status) && (
        <p class="progress">
          <progress max={progress.total_steps} value={progress.step} aria-label="Steps" /> step{' '}
          {progress.step} of {progress.total_steps}
        </p>
      )}
      {may('member') && <Actions record={record} />}
    </div>
  );
}

function Time({ record: { status, started_at: start, duration_s: seconds } }: { record: ExperimentRecord }) {
  if (start === null) return null;
  const ran = isTerminal(status) ? seconds : (now.value - Date.parse(start)) / 1000;
  return <span class="muted"> {shortDuration(ran === null ? null : Math.max(0, ran))}</span>;
}

function Actions({ record: { experiment_id: id, status, env } }: { record: ExperimentRecord }) {
  const isBusy = useSignal(false);
  const doing = async (deed: () => Promise<void>) => {
    isBusy.value = true;
    await deed().catch(sayFailure);
    isBusy.value = false;
  };
  return (
    <p class="row">
      {!isTerminal(status) && (
        <button type="button" disabled={isBusy.value} onClick={() => void doing(() => cancel(id))}>
          Cancel
        </button>
      )}
      <button type="button" disabled={isBusy.value} onClick={() => void doing(() => resubmit(id, env))}>
        Resubmit
      </button>
      {isTerminal(status) && (
        <button
          type="button"
          class="danger"
          disabled={isBusy.value}
          onClick={() => void doing(() => remove(id))}
        >
          Delete
        </button>
      )}
    </p>
  );
}

async function cancel(id: string): Promise<void> {
  await one('/experiments/cancel', id);
  say('It is being cancelled');
}

async function resubmit(id: string, env: ExperimentRecord['env']): Promise<void> {
  const { showResubmit } = await import('../parts/resubmit.tsx');
  return showResubmit({
    ids: [id],
    env,
    onDone([made], failure) {
      if (made === undefined) return sayFailure(failure);
      say(`Submitted again as ${shortId(made.experiment_id)}`);
      go(`/experiments/${made.experiment_id}`);
    },
  });
}

async function remove(id: string): Promise<void> {
  const isWanted = await confirmed({
    title: 'Delete this experiment?',
    text: 'Its record and log go for good. What it wrote as outputs stays.',
    deed: 'Delete',
  });
  if (!isWanted) return;
  await one('/experiments/delete', id);
  say(`${shortId(id)} is deleted`);
  go('/experiments');
}

/** Throws what it refused with. */
async function one(path: string, id: string): Promise<void> {
  const { errors } = await send<BulkResult>('POST', path, { ids: [id] });
  if (errors[0] !== undefined) throw new Error(errors[0].message);
}
