import { useSignal } from '@preact/signals';
import type { BulkResult } from '../../api/contract.ts';
import type { SweepDocument, SweepSubmitted } from '../../api/sweep-contract.ts';
import { counted } from '../../base/text/plural.ts';
import { isTerminal } from '../../experiment/status.ts';
import { send } from '../base/api.ts';
import { say, sayFailure } from '../base/said.ts';
import { confirmed } from '../parts/confirm.tsx';

/** What can be done to all of a sweep. */
export function SweepActions({ sweep, onDone }: { sweep: SweepDocument; onDone(): void }) {
  const { sweep: name, experiments, missing, counts } = sweep;
  const isBusy = useSignal(false);
  const live = experiments.filter(({ status }) => !isTerminal(status)).length;
  const again = missing + (counts.Failed ?? 0) + (counts.Cancelled ?? 0);
  const doing = async (deed: () => Promise<string | null>) => {
    isBusy.value = true;
    try {
      const done = await deed();
      if (done !== null) say(done);
      onDone();
    } catch (error) {
      sayFailure(error);
    }
    isBusy.value = false;
  };
  if (live === 0 && again === 0) return null;
  return (
    <p class="row actions">
      {live > 0 && (
        <button type="button" disabled={isBusy.value} onClick={() => void doing(() => cancel(name, live))}>
          Cancel {live === 1 ? 'what runs' : `all ${live}`}
        </button>
      )}
      {again > 0 && (
        <button type="button" disabled={isBusy.value} onClick={() => void doing(() => resume(name))}>
          Submit again what failed or is missing ({again})
        </button>
      )}
    </p>
  );
}

/** Null: it was not wanted after all. */
async function cancel(name: string, live: number): Promise<string | null> {
  const isWanted = await confirmed({
    title: `Cancel ${counted(live, 'experiment')}?`,
    text: `All of the sweep ${name} that has not ended is stopped. What is there of logs and outputs stays.`,
    deed: 'Cancel them',
  });
  if (!isWanted) return null;
  const { experiments } = await send<BulkResult>('POST', '/experiments/cancel', { sweep: name });
  return `${counted(experiments.length, 'experiment')} cancelled`;
}

async function resume(name: string): Promise<string> {
  const path = `/sweeps/${encodeURIComponent(name)}/resume`;
  const { experiments } = await send<SweepSubmitted>('POST', path, { rerun: 'failed' });
  return `${counted(experiments.filter(({ created }) => created).length, 'experiment')} submitted`;
}
