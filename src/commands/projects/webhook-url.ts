import { string as stringArg } from '@oclif/core/args';
import { boolean, option } from '@oclif/core/flags';
import { PROVIDERS, type HookAnswer } from '../../api/team/hook-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class ProjectsWebhookUrl extends BaseCommand<HookAnswer> {
  static override summary =
    'What to paste into the settings of the repository, so that a push starts experiments';
  static override examples = [
    'aichor projects webhook-url folding --provider github',
    'aichor projects webhook-url folding --provider gitlab --rotate | jq -r .secret',
  ];
  static override args = {
    name: stringArg({ description: 'The project', required: true, ignoreStdin: true }),
  };
  static override flags = {
    provider: option({ options: PROVIDERS, description: 'Who hosts the repository', required: true })(),
    rotate: boolean({ description: 'Make another secret; the one before it is good for a day more' }),
  };

  async run(): Promise<HookAnswer> {
    const { args, flags } = await this.parse(ProjectsWebhookUrl);
    const { provider, rotate } = flags;
    return (await this.client()).hook(args.name, { provider, rotate });
  }

  override async view(hook: HookAnswer): Promise<string> {
    const { hookPage } = await import('../../cli/print/people/hooks.ts');
    return hookPage(hook, this.screen);
  }
}
