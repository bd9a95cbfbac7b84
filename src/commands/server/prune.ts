import { boolean, string } from '@oclif/core/flags';
import type { EnvironmentsPruned } from '../../api/environments-contract.ts';
import { formatBytes } from '../../base/text/bytes.ts';
import { counted } from '../../base/text/plural.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { durationFlag } from '../../cli/experiments/since.ts';

export default class ServerPrune extends BaseCommand<EnvironmentsPruned> {
  static override summary = 'Free room on the disk of the control plane';
  static override description =
    'Python environments that no live experiment uses; they are built again when they are needed. What nobody has used for 30 days goes by itself. For experiments: aichor experiments prune.';
  static override examples = [
    'aichor server prune --environments',
    'aichor server prune --environments --older-than 7d',
  ];
  static override flags = {
    environments: boolean({ description: 'Remove Python environments', required: true }),
    'older-than': string({
      description: 'Only those that nobody has used for longer than this (12h, 30d)',
      helpValue: 'DURATION',
    }),
  };

  async run(): Promise<EnvironmentsPruned> {
    const { flags } = await this.parse(ServerPrune);
    const age = flags['older-than'];
    const seconds = age === undefined ? 0 : durationFlag(age, '--older-than');
    const client = await this.client();
    return client.pruneEnvironments({ older_than_s: seconds });
  }

  override view({ environments, bytes }: EnvironmentsPruned): string {
    return `${counted(environments.length, 'environment')} removed, ${formatBytes(bytes)} free`;
  }
}
