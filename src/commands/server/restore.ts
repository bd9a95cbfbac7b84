import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { counted } from '../../base/text/plural.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { assertHere } from '../../cli/settings/here.ts';
import type { Restored } from '../../server/backup/restore.ts';

export default class ServerRestore extends BaseCommand<Restored> {
  static override summary = 'Bring back what a backup holds';
  static override description =
    'The control plane must not run. Records and secrets become those of the backup, logs and stored directories come back where they are missing, and nothing else is changed. What ran at the time of the backup is taken up where it is.';
  static override examples = ['aichor server stop && aichor server restore aichor-2026-05-01.tar'];
  static override args = {
    file: stringArg({ name: 'FILE', description: 'What aichor server backup has written', required: true }),
  };
  static override flags = {
    force: boolean({ description: 'Also over experiments that are there; their database is kept beside it' }),
  };

  async run(): Promise<Restored> {
    const { args, flags } = await this.parse(ServerRestore);
    assertHere(this.settings());
    const { restore } = await import('../../server/backup/restore.ts');
    return restore({ env: process.env, file: args.file, force: flags.force, now: new Date() });
  }

  override view({ experiments, files, aside }: Restored): string {
    const kept = aside === null ? '' : `; the database before it is ${aside}`;
    return `${this.screen.colors.green('restored')} ${counted(experiments, 'experiment')} and ${counted(files, 'file')}${kept}`;
  }
}
