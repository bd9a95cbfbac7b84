import { string as stringArg } from '@oclif/core/args';
import { boolean, integer } from '@oclif/core/flags';
import type { DeliveryList } from '../../api/team/hook-contract.ts';
import { sleep } from '../../base/async/abort.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

/** How often a follower asks. */
const ASK_MS = 1000;

export default class ProjectsDeliveries extends BaseCommand<DeliveryList> {
  static override summary = 'What the hook of a project was sent, and what was decided of each push';
  static override examples = [
    'aichor projects deliveries folding --follow',
    "aichor projects deliveries folding | jq -r '.deliveries[0].why'",
  ];
  static override args = {
    name: stringArg({ description: 'The project', required: true, ignoreStdin: true }),
  };
  static override flags = {
    limit: integer({ description: 'How many at most', default: 50, min: 1, max: 1000 }),
    follow: boolean({ char: 'f', description: 'Keep showing what comes; in a pipe one JSON object a line' }),
  };

  async run(): Promise<DeliveryList | undefined> {
    const { args, flags } = await this.parse(ProjectsDeliveries);
    const client = await this.client();
    const list = await client.deliveries(args.name, flags.limit);
    if (!flags.follow) return list;
    const { deliveryLine } = await import('../../cli/print/people/hooks.ts');
    const shown = new Map<string, string>();
    for (let news = list; ; news = await client.deliveries(args.name, flags.limit)) {
      for (const delivery of news.deliveries.toReversed()) {
        const text = JSON.stringify(delivery);
        if (shown.get(delivery.id) === text) continue;
        shown.set(delivery.id, text);
        if (this.humanWanted) await this.write(`${deliveryLine(delivery, this.screen)}\n`);
        else await this.writeJson(`${text}\n`);
      }
      await sleep(ASK_MS, this.signal);
    }
  }

  override async view({ deliveries }: DeliveryList): Promise<string> {
    const { deliveryLine } = await import('../../cli/print/people/hooks.ts');
    if (deliveries.length === 0)
      return 'its hook was sent nothing yet; aichor projects webhook-url says what it is';
    return deliveries.map((delivery) => deliveryLine(delivery, this.screen)).join('\n');
  }
}
