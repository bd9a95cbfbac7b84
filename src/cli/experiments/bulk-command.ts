import type { Selection } from '../../api/contract.ts';
import { formatBytes } from '../../base/text/bytes.ts';
import { counted } from '../../base/text/plural.ts';
import type { Client } from '../../client/client.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import { waitForEnd } from './wait.ts';

/** What `cancel`, `delete` and `prune` print, however many experiments were meant. */
export interface BulkDocument {
  experiments: ExperimentSummary[];
}

/** What is about to be done to experiments. */
interface Deed {
  /** As a question begins: `This deletes 2 experiments and their logs.` */
  says(count: string): string;
  /** Everything was meant (`--all`): a script has to say that it knows. */
  isAll: boolean;
  /** `--yes`. */
  yes: boolean;
}

/** What commands on several experiments have in common. */
export abstract class BulkCommand extends BaseCommand<BulkDocument> {
  /** What was done, for the last line: `deleted`. */
  protected done = 'done';
  #freed: number | null = null;

  /**
   * Asks on a terminal whether to go on; false: no. In a script the answer is yes, unless everything was meant.
   * `meant` are the experiments this would be done to. Throws AichorError `usage` in a script that does not say --yes.
   */
  protected async mayGoOn(meant: () => Promise<readonly ExperimentSummary[]>, deed: Deed): Promise<boolean> {
    if (deed.yes) return true;
    if (!this.canAsk) {
      if (!deed.isAll) return true;
      throw new AichorError('usage', '--all needs --yes where nobody can be asked', {
        hint: 'look first with --dry-run, then give --yes',
      });
    }
    const { length } = await meant();
    if (length === 0) return true;
    this.talk.settle();
    const { confirm } = await import('@inquirer/prompts');
    const question = `${deed.says(counted(length, 'experiment'))} Go on?`;
    return confirm({ message: question, default: false }, { signal: this.signal, output: process.stderr });
  }

  /** Waits until these have ended; how they ended is of no concern here. */
  protected async untilEnded(client: Client, ids: readonly string[]): Promise<ExperimentSummary[]> {
    if (ids.length === 0) return [];
    const { experiments } = await waitForEnd({
      client,
      ids,
      timeout: null,
      signal: this.signal,
      onChange: (_summary, said) => this.talk.progress(said),
      onLost: () => this.talk.progress('the connection was lost; making it again'),
    });
    return experiments;
  }

  /** The same for those that nobody has cancelled: when the waiting is interrupted, they go on. */
  protected async untilLiveEnded(client: Client, live: readonly ExperimentSummary[]): Promise<void> {
    const ids = live.map((experiment) => experiment.experiment_id);
    this.keepsRunning(ids);
    await this.untilEnded(client, ids);
    this.keepsRunning([]);
  }

  /** Does it, and, for people, finds out how much of the disk is free again. */
  protected async freeing<T>(client: Client, work: () => Promise<T>): Promise<T> {
    if (!this.humanWanted) return work();
    const used = async () => {
      const { disk } = await client.server();
      return disk === null ? 0 : disk.logs + disk.outputs + disk.snapshots;
    };
    const before = await used();
    const result = await work();
    this.#freed = Math.max(0, before - (await used()));
    return result;
  }

  override async view({ experiments }: BulkDocument): Promise<string> {
    const { doneView } = await import('../print/experiments/ended.ts');
    const said = doneView(experiments, this.done, this.screen);
    return this.#freed === null || experiments.length === 0
      ? said
      : `${said}, ${formatBytes(this.#freed)} freed`;
  }
}

/** A selection of exactly these. */
export function exactly(experiments: readonly ExperimentSummary[]): Selection {
  return { ids: experiments.map((experiment) => experiment.experiment_id) };
}
