import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import type { EngineDocument } from '../../api/engine-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class EnginesRemove extends BaseCommand<EngineDocument> {
  static override summary = 'Take an engine away; nothing in its cluster is changed';
  static override description =
    'Refused (exit 6) while experiments run or wait on it: cancel them, or wait for them. With --force they end as Failed (EngineUnavailable), and what they have in the cluster stays there: it is for clusters that are gone. A kubeconfig of your own stays as it is; credentials that the control plane kept are deleted.';
  static override examples = ['aichor engines remove gpu', 'aichor engines remove old-cluster --force'];
  static override args = { name: stringArg({ description: 'Its name', required: true, ignoreStdin: true }) };
  static override flags = {
    force: boolean({ description: 'Also when experiments still run on it; they end as Failed' }),
  };

  async run(): Promise<EngineDocument> {
    const { args, flags } = await this.parse(EnginesRemove);
    return (await this.client()).removeEngine(args.name, { force: flags.force });
  }

  override async view(document: EngineDocument): Promise<string> {
    const { engineView } = await import('../../cli/print/engines/engine.ts');
    return engineView(document, this.screen);
  }
}
