import { string as stringArg } from '@oclif/core/args';
import type { DeliveryList } from '../../api/team/hook-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class ProjectsRedeliver extends BaseCommand<DeliveryList> {
  static override summary = 'Decide a delivery again, although its commit was decided upon already';
  static override examples = ['aichor projects redeliver folding 9b2f41c0a3d2'];
  static override args = {
    name: stringArg({ description: 'The project', required: true, ignoreStdin: true }),
    delivery: stringArg({ description: 'Id of the delivery', required: true, ignoreStdin: true }),
  };

  async run(): Promise<DeliveryList> {
    const { args } = await this.parse(ProjectsRedeliver);
    return (await this.client()).redeliver(args.name, args.delivery);
  }
}
