import { boolean, string } from '@oclif/core/flags';
import { BulkCommand, type BulkDocument } from '../../cli/experiments/bulk-command.ts';
import { deedFlags, selectionFlags } from '../../cli/runtime/flags.ts';
import { bulkOutcome, endedAmong, liveAmong, readPruning } from '../../cli/experiments/selection.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsPrune extends BulkCommand {
  static override summary = 'Delete experiments that ended long ago';
  static override description =
    'Takes what has ended: longer ago than --older-than, with --label, or --all of it. Records and logs go; outputs stay, unless --outputs is given. Experiments that have not ended are never touched; --wait waits for the end of those that are meant, and takes them as well (not beside --older-than: what has just ended is not old). On a terminal it asks first.';
  static override examples = [
    'aichor experiments prune --older-than 30d',
    'aichor experiments prune --older-than 7d --label sweep=a',
    'aichor experiments prune --all --outputs',
  ];
  static override flags = {
    ...deedFlags,
    'older-than': string({ description: 'Ended longer ago than this (12h, 30d)', helpValue: 'DURATION' }),
    label: selectionFlags.label,
    sweep: selectionFlags.sweep,
    all: boolean({ description: 'Everything that has ended', exclusive: ['older-than', 'label', 'sweep'] }),
    outputs: boolean({ description: 'Delete what they wrote as well' }),
    wait: boolean({ char: 'w', description: 'Wait first for the end of those that are live' }),
  };

  protected override done = 'deleted';

  async run(): Promise<BulkDocument | Verdict<BulkDocument>> {
    const { flags } = await this.parse(ExperimentsPrune);
    const { label: labels, sweep, outputs, all, wait, yes } = flags;
    const pruning = readPruning({ olderThan: flags['older-than'], labels, sweep, all, wait });
    const selection = { labels, ...(sweep !== undefined && { sweep }) };
    const client = await this.client();
    const meant = async () => {
      const old = { olderThan: pruning.older_than_s, now: new Date() };
      const ended = await endedAmong(client, selection, old);
      return wait ? [...(await liveAmong(client, selection)), ...ended] : ended;
    };
    if (flags['dry-run']) {
      this.done = 'would be deleted';
      return { experiments: await meant() };
    }
    const says = (count: string) => `This deletes ${count} and their logs${outputs ? ' and outputs' : ''}.`;
    if (!(await this.mayGoOn(meant, { says, isAll: all, yes }))) return { experiments: [] };
    if (wait) await this.untilLiveEnded(client, await liveAmong(client, selection));
    return this.freeing(client, async () => bulkOutcome(await client.prune({ ...pruning, outputs })));
  }
}
