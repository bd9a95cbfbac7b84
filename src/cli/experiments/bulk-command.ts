import type { Client } from '../../client/client.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import { waitForEnd } from './wait.ts';

/** What `cancel`, `delete` and `prune` print, however many experiments were meant. */
export interface BulkDocument {
  experiments: ExperimentSummary[];
}

/** What commands on several experiments have in common. */
export abstract class BulkCommand extends BaseCommand<BulkDocument> {
  /** Waits until these have ended; how they ended is of no concern here. */
  protected async untilEnded(client: Client, ids: readonly string[]): Promise<ExperimentSummary[]> {
    if (ids.length === 0) return [];
    const { experiments } = await waitForEnd({
      client,
      ids,
      timeout: null,
      signal: this.signal,
      onChange: ({ experiment_id: id, status }) => this.talk.progress(`${id.slice(0, 8)} ${status}`),
      onLost: () => this.talk.progress('the connection was lost; making it again'),
    });
    return experiments;
  }

  /** The same for those that nobody has cancelled: when the waiting is interrupted, they go on. */
  protected async untilLiveEnded(client: Client, live: readonly ExperimentSummary[]): Promise<void> {
    const ids = live.map((experiment) => experiment.experiment_id);
    this.keepsRunning(...ids);
    await this.untilEnded(client, ids);
    this.keepsRunning();
  }
}
