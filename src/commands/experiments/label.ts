import { string as stringArg } from '@oclif/core/args';
import { BulkCommand, type BulkDocument } from '../../cli/experiments/bulk-command.ts';
import { readLabelWords } from '../../cli/experiments/annotation.ts';
import { bulkOutcome, readSelection } from '../../cli/experiments/selection.ts';
import { ID_HELP, selectionFlags } from '../../cli/runtime/flags.ts';
import type { Verdict } from '../../cli/runtime/command.ts';

export default class ExperimentsLabel extends BulkCommand {
  static override summary = 'Set and remove labels of experiments';
  static override description =
    'KEY=VALUE sets a label, KEY- removes it. Several ids, --label or --sweep mean several experiments. Running and ended ones can be labelled.';
  static override examples = [
    'aichor experiments label latest kept=yes',
    'aichor experiments label 9b2f41 77ac01 stage=final sweep-',
    'aichor experiments label --label sweep=a archived=yes',
  ];
  static override strict = false;
  static override args = {
    id: stringArg({ description: `${ID_HELP}; then KEY=VALUE and KEY-`, ignoreStdin: true }),
  };
  static override flags = { label: selectionFlags.label, sweep: selectionFlags.sweep };

  protected override done = 'labelled';

  async run(): Promise<BulkDocument | Verdict<BulkDocument>> {
    const { argv, flags } = await this.parse(ExperimentsLabel);
    const { ids, changes } = readLabelWords(argv.map(String));
    const selection = readSelection({ ids, labels: flags.label, sweep: flags.sweep, all: false });
    const client = await this.client();
    return bulkOutcome(await client.annotate({ ...selection, set_labels: changes }));
  }
}
