import { boolean, integer, option, string } from '@oclif/core/flags';
import type { ExperimentList, ListQueryInput } from '../../api/contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { STATUSES } from '../../experiment/status.ts';

export default class ExperimentsList extends BaseCommand<ExperimentList> {
  static override summary = 'List experiments, newest first';
  static override examples = [
    'aichor experiments list --status Running',
    'aichor experiments list --label sweep=a --since 1d',
    "aichor experiments list --status Failed | jq -r '.experiments[].experiment_id'",
  ];
  static override flags = {
    status: option({
      options: STATUSES,
      description: 'Only with this status',
      multiple: true,
      multipleNonGreedy: true,
    })(),
    operator: string({ description: 'Only of this operator', helpValue: 'NAME' }),
    label: string({
      description: 'Only with this label',
      helpValue: 'KEY=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    message: string({ description: 'Only with this text in the message', helpValue: 'TEXT' }),
    since: string({ description: 'Only created since (90s, 2h, 1d, or a time)', helpValue: 'WHEN' }),
    limit: integer({ description: 'How many at most', default: 50, min: 1, max: 1000 }),
    cursor: string({ description: 'Go on where a list ended (its next_cursor)', helpValue: 'CURSOR' }),
    watch: boolean({ description: 'Go on showing changes; one JSON object a line' }),
  };

  async run(): Promise<ExperimentList | undefined> {
    const { flags } = await this.parse(ExperimentsList);
    const query: ListQueryInput = {
      status: flags.status ?? [],
      operator: flags.operator,
      label: flags.label ?? [],
      message: flags.message,
      since: flags.since === undefined ? undefined : await since(flags.since),
      limit: flags.limit,
      cursor: flags.cursor,
    };
    const client = await this.client();
    if (!flags.watch) return client.list(query);
    const { showChanges } = await import('../../cli/experiments/watch-list.ts');
    await showChanges({
      client,
      query,
      signal: this.signal,
      screen: this.humanWanted ? this.screen : null,
      write: (text) => this.write(text),
      onLost: () => this.talk.notice('the connection was lost; making it again'),
    });
    return undefined;
  }

  override async view({ experiments, next_cursor: next }: ExperimentList): Promise<string> {
    const { experimentsTable } = await import('../../cli/print/experiments/list.ts');
    const drawn = experimentsTable(experiments, new Date(), this.screen);
    return next === null ? drawn : `${drawn}\n${this.screen.colors.dim(`there are more: --cursor ${next}`)}`;
  }
}

async function since(text: string): Promise<string> {
  const { sinceFlag } = await import('../../cli/experiments/since.ts');
  return sinceFlag(text, new Date());
}
