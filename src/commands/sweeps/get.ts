import { resultFlags, sweepArgument } from '../../cli/sweeps/flags.ts';
import { sweepResults, type SweepResults } from '../../cli/sweeps/results.ts';
import type { SweepView } from '../../cli/print/sweeps/sweep.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { secondsLeft } from '../../sweep/results.ts';

export default class SweepsGet extends BaseCommand<SweepView> {
  static override summary = 'Show how far a sweep is: counts, what failed, the best so far';
  static override examples = [
    'aichor sweeps get first',
    'aichor sweeps get first --metric val_acc --goal max',
    "aichor sweeps get first | jq '.counts, .left_s'",
  ];
  static override args = sweepArgument;
  static override flags = resultFlags;

  #results: SweepResults['results'] | undefined;

  async run(): Promise<SweepView> {
    const { args, flags } = await this.parse(SweepsGet);
    const { metric, goal, take } = flags;
    const wanted = { flags: { metric, goal, take }, talk: this.talk };
    const { document, results } = await sweepResults(await this.client(), args.name, wanted);
    this.#results = results;
    const best =
      metric === undefined || results.rows[0]?.metrics[metric] == null ? null : (results.rows[0] ?? null);
    return { ...document, left_s: secondsLeft(document.experiments, new Date().toISOString()), best };
  }

  override async view(document: SweepView): Promise<string | null> {
    if (this.#results === undefined) return null;
    const { sweepPage } = await import('../../cli/print/sweeps/sweep.ts');
    return sweepPage(document, this.#results, { now: new Date(), screen: this.screen });
  }
}
