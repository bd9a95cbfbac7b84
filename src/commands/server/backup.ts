import { string as stringArg } from '@oclif/core/args';
import { formatBytes } from '../../base/text/bytes.ts';
import { counted } from '../../base/text/plural.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { assertHere } from '../../cli/settings/here.ts';
import type { BackupDone } from '../../server/backup/backup.ts';

export default class ServerBackup extends BaseCommand<BackupDone> {
  static override summary = 'Write everything that the control plane keeps into one file';
  static override description =
    'Records, secrets, stored directories, logs and settings, in a file (0600) that only you can read; as of one moment, also while the control plane runs. Outputs, inputs and volumes are not in it: they are plain folders, to be copied as such.';
  static override examples = ['aichor server backup aichor-$(date +%F).tar'];
  static override args = {
    file: stringArg({ name: 'FILE', description: 'Where to write it', required: true }),
  };

  async run(): Promise<BackupDone> {
    const { args } = await this.parse(ServerBackup);
    assertHere(this.settings());
    const { backUp } = await import('../../server/backup/backup.ts');
    return backUp({ env: process.env, version: this.program.version, file: args.file, now: new Date() });
  }

  override view({ file, bytes, experiments }: BackupDone): string {
    return `${this.screen.colors.green('saved')} ${counted(experiments, 'experiment')} (${formatBytes(bytes)}) in ${file}; outputs, inputs and volumes are not in it`;
  }
}
