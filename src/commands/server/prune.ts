import { boolean, string } from '@oclif/core/flags';
import type { ServerPruned } from '../../api/prune-contract.ts';
import { formatBytes } from '../../base/text/bytes.ts';
import { counted } from '../../base/text/plural.ts';
import { AichorError } from '../../errors.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { durationFlag } from '../../cli/experiments/since.ts';

export default class ServerPrune extends BaseCommand<ServerPruned> {
  static override summary = 'Free room on the disk of the control plane';
  static override description =
    'Python environments, and images of containers that podman or Docker built for experiments, which no live experiment uses; they are built again when they are needed. Environments that nobody has used for 30 days go by themselves. For experiments: aichor experiments prune.';
  static override examples = [
    'aichor server prune --environments',
    'aichor server prune --environments --images --older-than 7d',
  ];
  static override flags = {
    environments: boolean({ description: 'Remove Python environments' }),
    images: boolean({ description: 'Remove images that were built for pods in containers' }),
    'older-than': string({
      description: 'Only those that nobody has used for longer than this (12h, 30d)',
      helpValue: 'DURATION',
    }),
  };

  private asked = { environments: false, images: false };

  async run(): Promise<ServerPruned> {
    const { flags } = await this.parse(ServerPrune);
    const { environments, images, 'older-than': age } = flags;
    this.asked = { environments, images };
    if (!environments && !images)
      throw new AichorError('usage', 'name what to remove', {
        hint: 'give --environments, --images, or both',
      });
    const pruning = { older_than_s: age === undefined ? 0 : durationFlag(age, '--older-than') };
    const client = await this.client();
    return {
      ...(environments ? await client.pruneEnvironments(pruning) : { environments: [], bytes: 0 }),
      ...(images ? await client.pruneImages(pruning) : { images: [], unanswered: [] }),
    };
  }

  override view({ environments, bytes, images, unanswered }: ServerPruned): string {
    const ofEnvironments = `${counted(environments.length, 'environment')} removed, ${formatBytes(bytes)} free`;
    const ofImages = `${counted(images.length, 'image')} removed`;
    return [
      ...(this.asked.environments ? [ofEnvironments] : []),
      ...(this.asked.images ? [ofImages] : []),
      ...unanswered.map((said) => `images of ${said.replace(': ', ' are not known: ')}`),
    ].join('\n');
  }
}
