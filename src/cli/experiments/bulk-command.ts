import type { Selection } from '../../api/contract.ts';
import { formatBytes } from '../../base/text/bytes.ts';
import { counted } from '../../base/text/plural.ts';
import type { Client } from '../../client/client.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import type { Verdict } from '../runtime/command.ts';
import { bulkOutcome, endedAmong, liveAmong } from './selection.ts';
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

/** How a deed is to be done. */
interface DeedFlags {
  all: boolean;
  wait: boolean;
  yes: boolean;
  dryRun: boolean;
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
      throw new AichorError('usage', '--all needs --yes where there is no terminal to ask on', {
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

  /** Cancels what lives of a selection. */
  protected async cancelSelected(
    selection: Selection,
    { all, wait, yes, dryRun }: DeedFlags,
  ): Promise<BulkDocument | Verdict<BulkDocument>> {
    const client = await this.client();
    const live = () => liveAmong(client, selection);
    if (dryRun) {
      this.done = 'would be cancelled';
      return { experiments: await live() };
    }
    let meant = selection;
    if (selection.ids === undefined) {
      const says = (count: string) => `This cancels ${count}.`;
      if (!(await this.mayGoOn(live, { says, isAll: all, yes }))) return { experiments: [] };
      if (this.canAsk && !yes) meant = exactly(await live());
    }
    const result = await client.cancel(meant);
    if (!wait) return bulkOutcome(result);
    const ids = result.experiments.map((experiment) => experiment.experiment_id);
    return bulkOutcome({ ...result, experiments: await this.untilEnded(client, ids) });
  }

  /** Deletes what has ended of a selection; with `wait` also what lives, after its end. */
  protected async deleteSelected(
    selection: Selection,
    { all, wait, yes, dryRun, outputs }: DeedFlags & { outputs: boolean },
  ): Promise<BulkDocument | Verdict<BulkDocument>> {
    const client = await this.client();
    const meant = async () => {
      const ended = await endedAmong(client, selection, { now: new Date() });
      return wait ? [...(await liveAmong(client, selection)), ...ended] : ended;
    };
    if (dryRun) {
      this.done = 'would be deleted';
      return { experiments: await meant() };
    }
    const says = (count: string) => `This deletes ${count} and their logs${outputs ? ' and outputs' : ''}.`;
    if (!(await this.mayGoOn(meant, { says, isAll: all, yes }))) return { experiments: [] };
    if (wait) await this.untilLiveEnded(client, await liveAmong(client, selection));
    return this.freeing(client, async () => bulkOutcome(await client.delete({ ...selection, outputs })));
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
function exactly(experiments: readonly ExperimentSummary[]): Selection {
  return { ids: experiments.map((experiment) => experiment.experiment_id) };
}
