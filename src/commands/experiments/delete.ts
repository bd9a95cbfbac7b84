import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { BaseCommand } from '../../cli/base-command.ts';
import { ID_HELP, selectionFlags } from '../../cli/flags.ts';
import { bulkOutcome, readSelection } from '../../cli/selection.ts';
import type { Verdict } from '../../cli/verdict.ts';

interface Document {
  experiments: ExperimentSummary[];
}

export default class ExperimentsDelete extends BaseCommand<Document> {
  static override summary = 'Delete the records and logs of experiments that have ended';
  static override description =
    'A live experiment is refused (exit 6): cancel it first. Outputs stay, unless --outputs is given.';
  static override examples = [
    'aichor experiments delete 9b2f41',
    'aichor experiments delete --label sweep=a --outputs',
  ];
  static override strict = false;
  static override args = { id: stringArg({ description: ID_HELP, ignoreStdin: true }) };
  static override flags = {
    ...selectionFlags,
    outputs: boolean({ description: 'Delete what they wrote as well' }),
  };

  async run(): Promise<Document | Verdict<Document>> {
    const { argv, flags } = await this.parse(ExperimentsDelete);
    const selection = readSelection({ ids: argv, labels: flags.label, all: flags.all });
    const client = await this.client();
    return bulkOutcome(await client.delete({ ...selection, outputs: flags.outputs }));
  }
}
