import { string as stringArg } from '@oclif/core/args';
import type { EngineDocument } from '../../api/engine-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class EnginesGet extends BaseCommand<EngineDocument> {
  static override summary = 'Show one engine: what it has, how it is reached, its settings';
  static override description = 'Credentials are named (a file), never shown.';
  static override examples = ['aichor engines get gpu', "aichor engines get gpu | jq '.kubernetes.settings'"];
  static override args = { name: stringArg({ description: 'Its name', required: true, ignoreStdin: true }) };

  async run(): Promise<EngineDocument> {
    const { args } = await this.parse(EnginesGet);
    return (await this.client()).engine(args.name);
  }

  override async view(document: EngineDocument): Promise<string> {
    const { engineView } = await import('../../cli/print/engines/engine.ts');
    return engineView(document, this.screen);
  }
}
