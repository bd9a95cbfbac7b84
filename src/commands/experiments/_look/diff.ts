import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import type { Compared } from '../../../api/compare-contract.ts';
import { BaseCommand } from '../../../cli/runtime/base-command.ts';
import { ID_HELP } from '../../../cli/runtime/flags.ts';
import { namedRef } from '../../../cli/experiments/references.ts';
import { AichorError } from '../../../errors.ts';

export default class ExperimentsDiff extends BaseCommand<Compared> {
  static override summary = 'Show what differs between experiments';
  static override description =
    'Manifest, variables, files, packages of the environment, metrics and how they ended; what they have in common is left out. Files are told against the first.';
  static override examples = [
    'aichor experiments diff 9b2f41 latest',
    'aichor experiments diff 9b2f41 77ac01 --patch',
    'aichor experiments diff 9b2f41 77ac01 | jq \'.differences[] | select(.part == "env")\'',
  ];
  static override strict = false;
  static override args = { id: stringArg({ description: `${ID_HELP}; two or more`, ignoreStdin: true }) };
  static override flags = {
    patch: boolean({ description: 'Show how text files differ (of two experiments)' }),
  };

  async run(): Promise<Compared> {
    const { argv, flags } = await this.parse(ExperimentsDiff);
    const ids = argv.map(String).map(namedRef);
    if (ids.length < 2)
      throw new AichorError('usage', 'a difference is between two experiments or more', {
        hint: 'aichor experiments diff 9b2f41 latest; of a sweep: aichor experiments compare --sweep NAME',
      });
    return (await this.client()).compare({ ids, patch: flags.patch });
  }

  override async view(compared: Compared): Promise<string> {
    const { comparedView } = await import('../../../cli/print/experiments/compared.ts');
    return comparedView(compared, this.screen);
  }
}
