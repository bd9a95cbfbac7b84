import { string as stringArg } from '@oclif/core/args';
import { BulkCommand, type BulkDocument } from '../../cli/experiments/bulk-command.ts';
import { bulkOutcome, readSelection } from '../../cli/experiments/selection.ts';
import { ID_HELP } from '../../cli/runtime/flags.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsNote extends BulkCommand {
  static override summary = 'Write a note on an experiment';
  static override description =
    'It is shown by `experiments get` and by `list --columns id,note`. Another one replaces it; an empty one removes it.';
  static override examples = [
    'aichor experiments note latest "the learning rate was too high"',
    'aichor experiments note 9b2f41 ""',
  ];
  static override args = {
    id: stringArg({ description: ID_HELP, required: true, ignoreStdin: true }),
    text: stringArg({ description: 'The note', required: true, ignoreStdin: true }),
  };

  protected override done = 'noted on';

  async run(): Promise<BulkDocument | Verdict<BulkDocument>> {
    const { args } = await this.parse(ExperimentsNote);
    const selection = readSelection({ ids: [args.id], labels: [], all: false });
    const client = await this.client();
    const note = args.text.trim() === '' ? null : args.text;
    return bulkOutcome(await client.annotate({ ...selection, note }));
  }
}
