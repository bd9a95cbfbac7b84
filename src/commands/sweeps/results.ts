import { option, string } from '@oclif/core/flags';
import { resultFlags, sweepArgument } from '../../cli/sweeps/flags.ts';
import { columnNames, sweepResults } from '../../cli/sweeps/results.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { FORMATS } from '../../cli/runtime/output.ts';
import type { Results } from '../../sweep/results.ts';

export default class SweepsResults extends BaseCommand<Results> {
  static override summary = 'Show what came of each point of a sweep';
  static override description =
    'One row a point, with what varies, the metrics, and how many experiments it is of. Repeats are a mean ± the standard deviation of those that succeeded or still run. With --metric the best comes first. See docs/sweeps.md.';
  static override examples = [
    'aichor sweeps results first --metric val_acc --goal max',
    'aichor sweeps results first --metric loss --columns LR,HIDDEN,loss,time --output md',
    'aichor sweeps results first --output csv > first.csv',
    "aichor sweeps results first --metric val_acc | jq '.rows[0].point'",
  ];
  static override args = sweepArgument;
  static override flags = {
    ...resultFlags,
    columns: string({
      description: 'What rows show: index, names of the point, metrics, n, time, status, ids',
      helpValue: 'NAMES',
    }),
    output: option({
      options: [...FORMATS, 'csv', 'md'] as const,
      description: 'How to print; csv and md (Markdown) for other programs and reports',
      helpGroup: 'GLOBAL',
      exclusive: ['json'],
    })(),
  };

  #columns: string[] | undefined;

  async run(): Promise<Results | undefined> {
    const { args, flags } = await this.parse(SweepsResults);
    const { metric, goal, take, columns } = flags;
    const output: string | undefined = flags.output;
    this.#columns = columnNames(columns);
    const wanted = { flags: { metric, goal, take, columns }, talk: this.talk };
    const { results } = await sweepResults(await this.client(), args.name, wanted);
    if (output !== 'csv' && output !== 'md') return results;
    const { resultsCsv, resultsMarkdown } = await import('../../cli/print/sweeps/results.ts');
    const draw = output === 'csv' ? resultsCsv : resultsMarkdown;
    await this.write(`${draw(results, this.#columns)}\n`);
    return undefined;
  }

  override async view(results: Results): Promise<string> {
    const { resultsTable } = await import('../../cli/print/sweeps/results.ts');
    return resultsTable(results, this.#columns, this.screen);
  }
}
