import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { harmless } from '../../base/text/harmless.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { ID_HELP, labelOfOne, sweepOfOne } from '../../cli/runtime/flags.ts';
import { experimentChosen, namedRef } from '../../cli/experiments/references.ts';
import type { Client } from '../../client/client.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';

export default class ExperimentsGet extends BaseCommand<ExperimentRecord> {
  static override summary = 'Show an experiment: facts, pods, what happened when';
  static override examples = [
    'aichor experiments get',
    'aichor experiments get 9b2f41',
    "aichor experiments get latest | jq '.pods[] | {pod, exit_code}'",
    'aichor experiments get 9b2f41 --manifest',
  ];
  static override args = { id: stringArg({ description: `${ID_HELP} (when left out)`, ignoreStdin: true }) };
  static override flags = {
    label: labelOfOne,
    sweep: sweepOfOne,
    manifest: boolean({ description: 'Print the manifest that ran, as it was' }),
  };

  #client: Client | null = null;

  async run(): Promise<ExperimentRecord | undefined> {
    const { args, flags } = await this.parse(ExperimentsGet);
    const client = await this.client();
    this.#client = client;
    if (args.id !== undefined && this.#isHandedOn(args.id, flags)) {
      await this.write(await client.getJson(namedRef(args.id)));
      await this.write('\n');
      return undefined;
    }
    const record = await experimentChosen(
      client,
      { ref: args.id, labels: flags.label, sweep: flags.sweep },
      this.talk,
    );
    if (!flags.manifest) return record;
    const text = await client.manifest(record.experiment_id);
    await this.write(process.stdout.isTTY ? harmless(text) : text);
    return undefined;
  }

  /** What a server answers is what a pipe is given: of thousands of pods nothing is made that is only written again. */
  #isHandedOn(
    id: string,
    flags: { label: string[]; sweep?: string | undefined; manifest: boolean },
  ): boolean {
    const isJson = this.format === 'json' && process.stdout.isTTY !== true;
    return (
      isJson && id !== 'latest' && flags.label.length === 0 && flags.sweep === undefined && !flags.manifest
    );
  }

  override async view(record: ExperimentRecord): Promise<string> {
    const { recordPage } = await import('../../cli/print/experiments/record.ts');
    const { presentOf } = await import('../../cli/experiments/following/present.ts');
    const present = this.#client === null ? {} : await presentOf(this.#client, record, this.signal);
    return recordPage(record, this.screen, present);
  }
}
