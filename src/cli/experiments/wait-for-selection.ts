import type { Selection } from '../../api/contract.ts';
import type { Client } from '../../client/client.ts';
import type { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { isTerminal } from '../../experiment/status.ts';
import type { BaseCommand } from '../runtime/base-command.ts';
import { waitForEnd } from './wait.ts';

interface Waiting {
  known: readonly ExperimentSummary[];
  /** Flags that chose them. */
  chosenBy: readonly string[];
  /** Seconds; null: as long as it takes. */
  timeout: number | null;
}

/** Waits until these have ended, says how far they are, and names those that go on when the command is interrupted. */
export function waitForSelection(
  command: Pick<BaseCommand, 'talk' | 'signal' | 'keepsRunning' | 'follows'>,
  client: Client,
  { known, chosenBy: flags, timeout }: Waiting,
): Promise<{ experiments: ExperimentSummary[]; error: AichorError | null }> {
  const live = new Set(known.filter(({ status }) => !isTerminal(status)).map((one) => one.experiment_id));
  command.follows([...live], flags);
  return waitForEnd({
    client,
    ids: known.map((summary) => summary.experiment_id),
    known,
    timeout,
    signal: command.signal,
    onChange: ({ experiment_id: id, status }, said) => {
      if (isTerminal(status) && live.delete(id)) command.keepsRunning([...live], flags);
      command.talk.progress(said);
    },
    onLost: () => command.talk.progress('the connection was lost; making it again'),
  });
}

/** The flags that a selection was made by, as they are typed. */
export function chosenBy({ labels = [], sweep }: Selection): string[] {
  return [...labels.map((label) => `--label ${label}`), ...(sweep === undefined ? [] : [`--sweep ${sweep}`])];
}
