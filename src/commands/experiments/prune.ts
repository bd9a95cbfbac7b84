import { boolean, string } from '@oclif/core/flags';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { BaseCommand } from '../../cli/base-command.ts';
import { bulkOutcome } from '../../cli/selection.ts';
import { durationFlag } from '../../cli/since.ts';
import type { Verdict } from '../../cli/verdict.ts';

interface Document {
  experiments: ExperimentSummary[];
}

export default class ExperimentsPrune extends BaseCommand<Document> {
  static override summary = 'Delete experiments that ended long ago';
  static override description =
    'Records and logs go; outputs stay, unless --outputs is given. Live experiments are never touched.';
  static override examples = [
    'aichor experiments prune --older-than 30d',
    'aichor experiments prune --all --outputs',
  ];
  static override flags = {
    'older-than': string({
      description: 'Ended longer ago than this (12h, 30d)',
      helpValue: 'DURATION',
      exactlyOne: ['older-than', 'all'],
    }),
    all: boolean({ description: 'Everything that has ended' }),
    outputs: boolean({ description: 'Delete what they wrote as well' }),
  };

  async run(): Promise<Document | Verdict<Document>> {
    const { flags } = await this.parse(ExperimentsPrune);
    const olderThan = flags['older-than'];
    const seconds = olderThan === undefined ? 0 : durationFlag(olderThan, '--older-than');
    const client = await this.client();
    return bulkOutcome(await client.prune({ older_than_s: seconds, outputs: flags.outputs }));
  }
}
