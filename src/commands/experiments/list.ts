import { boolean, integer, string } from '@oclif/core/flags';
import type { ExperimentList } from '../../api/contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { listConditionFlags } from '../../cli/experiments/list-flags.ts';
import { shieldDashedValue } from '../../cli/runtime/flags.ts';
import { linesOf } from '../../cli/runtime/output.ts';

export default class ExperimentsList extends BaseCommand<ExperimentList> {
  static override summary = 'List experiments, newest first';
  static override examples = [
    'aichor experiments list --label sweep=a --since yesterday',
    'aichor experiments list --branch main --commit HEAD --submitted-by anna',
    'aichor experiments list --sweep first --columns id,status,env.LR,metric.val_acc --sort -metric.val_acc',
    "aichor experiments list --status failed | jq -r '.experiments[].experiment_id'",
  ];
  static override flags = {
    ...listConditionFlags,
    sort: string({ description: 'Sort by a column; -COLUMN: the largest first', helpValue: 'COLUMN' }),
    columns: string({
      description: 'What a table or tsv shows: id,status,branch,commit,env.NAME,label.NAME,metric.NAME,…',
      helpValue: 'NAMES',
    }),
    limit: integer({ description: 'How many at most', default: 50, min: 1, max: 1000 }),
    page: integer({
      description: 'Which page, of --limit each',
      min: 1,
      exclusive: ['cursor', 'watch'],
    }),
    cursor: string({ description: 'Continue where a list ended (its next_cursor)', helpValue: 'CURSOR' }),
    watch: boolean({ char: 'w', description: 'Keep showing changes; in a pipe one JSON object a line' }),
  };

  #columns: string | undefined;
  #page = 1;

  async run(): Promise<ExperimentList | undefined> {
    shieldDashedValue(this.argv, '--sort');
    const { flags } = await this.parse(ExperimentsList);
    const { sort, columns, page = 1, watch, json: _j, output: _o, utc: _u, ...conditions } = flags;
    [this.#columns, this.#page] = [columns, page];
    const { listPage, listQuery } = await import('../../cli/experiments/list-query.ts');
    const client = await this.client();
    const query = await listQuery(client, conditions);
    if (!watch) return listPage(client, query, { sort: sort?.trim(), page, columns });
    const { showChanges } = await import('../../cli/experiments/watch-list.ts');
    await showChanges({
      client,
      query,
      columns,
      signal: this.signal,
      screen: this.canRedraw ? () => this.screen : null,
      line: (summary) => (this.format === 'id' ? linesOf(summary, 'id') : JSON.stringify(summary)),
      write: (text) => (this.canRedraw ? this.write(text) : this.writeJson(text)),
      onLost: () => this.talk.notice('the connection was lost; making it again'),
    });
    return undefined;
  }

  protected override async rows(document: ExperimentList): Promise<unknown> {
    const { columnValues } = await import('../../cli/print/experiments/columns.ts');
    return this.#columns === undefined ? document : columnValues(document, this.#columns);
  }

  override async view({ experiments, next_cursor: next }: ExperimentList): Promise<string> {
    const { experimentsTable } = await import('../../cli/print/experiments/list.ts');
    const drawn = experimentsTable(experiments, new Date(), this.screen, this.#columns);
    const more = `there are more: --page ${this.#page + 1}, or a larger --limit`;
    return next === null ? drawn : `${drawn}\n${this.screen.colors.dim(more)}`;
  }
}
