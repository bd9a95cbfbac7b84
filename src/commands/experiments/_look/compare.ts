import { string as stringArg } from '@oclif/core/args';
import type { Compared } from '../../../api/compare-contract.ts';
import { BaseCommand } from '../../../cli/runtime/base-command.ts';
import { ID_HELP, selectionFlags } from '../../../cli/runtime/flags.ts';
import { knownOf, readSelection } from '../../../cli/experiments/selection.ts';
import { worst } from '../../../cli/experiments/wait.ts';
import { AichorError } from '../../../errors.ts';

export default class ExperimentsCompare extends BaseCommand<Compared> {
  static override summary = 'Show many experiments beside each other, in what they differ';
  static override description =
    'What all of them have in common is left out. Of a sweep, the last experiment of each point counts.';
  static override examples = [
    'aichor experiments compare --sweep first',
    'aichor experiments compare --label baseline=yes',
    "aichor experiments compare --sweep first | jq -r '.files[].path'",
  ];
  static override strict = false;
  static override args = { id: stringArg({ description: ID_HELP, ignoreStdin: true }) };
  static override flags = { label: selectionFlags.label, sweep: selectionFlags.sweep };

  async run(): Promise<Compared> {
    const { argv, flags } = await this.parse(ExperimentsCompare);
    const { label: labels, sweep } = flags;
    const selection = readSelection({ ids: argv, labels, sweep, all: false });
    const client = await this.client();
    const { known, errors } = await knownOf(client, selection);
    const error = worst(errors);
    if (error !== null) throw error;
    if (known.length < 2)
      throw new AichorError('not_found', `there is ${known.length === 0 ? 'none' : 'only one'} of these`, {
        hint: 'name two experiments or more',
      });
    return client.compare({ ids: known.map((one) => one.experiment_id) });
  }

  override async view(compared: Compared): Promise<string> {
    const { comparedView } = await import('../../../cli/print/experiments/compared.ts');
    return comparedView(compared, this.screen);
  }
}
