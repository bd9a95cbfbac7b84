import { counted } from '../../base/text/plural.ts';
import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { repeated } from '../../cli/runtime/flags.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { download, downloadLabelled, type Downloaded } from '../../cli/storage/download.ts';
import { storageFlags, storageQueryOf, transferFlags } from '../../cli/storage/storage-flags.ts';

export default class StorageDownload extends BaseCommand<Downloaded> {
  static override summary = 'Download inputs or outputs';
  static override description =
    'Files keep their paths below the destination. Those that were downloaded before are not fetched again; where another file is, that is exit 6 unless --force is given. Repeat the command after it was interrupted: it goes on where it was.';
  static override examples = [
    'aichor storage download --experiment latest --to results',
    'aichor storage download --experiment 9b2f41 model.pt --to .',
    'aichor storage download metrics.json --label sweep=a --to sweep',
    'aichor storage download metrics.json --sweep first --to first',
    'aichor storage download --inputs data/ --to data',
  ];
  static override args = {
    path: stringArg({ description: 'Only what is in this folder, or this file', ignoreStdin: true }),
  };
  static override flags = {
    ...storageFlags,
    label: repeated(
      'Outputs of every experiment with this label, each in a folder of its own',
      'KEY[=VALUE]',
      'l',
    ),
    sweep: string({ description: 'The same of every experiment of this sweep', helpValue: 'NAME' }),
    to: string({ description: 'Folder to put them in; made when it is not there', default: '.' }),
    ...transferFlags,
    force: boolean({ description: 'Overwrite files that are there already' }),
  };

  async run(): Promise<Downloaded> {
    const { args, flags } = await this.parse(StorageDownload);
    const client = await this.client();
    const query = storageQueryOf(flags, { path: args.path, settings: this.settings() });
    this.goesOnWhenRepeated();
    const show = (text: string) => this.talk.progress(text);
    const { label: labels, sweep, force, concurrency } = flags;
    const options = { destination: flags.to, force, concurrency, show };
    if (labels.length > 0 || sweep !== undefined)
      return downloadLabelled(client, { labels, sweep, path: args.path }, options);
    return download(client, query, options);
  }

  override view({ files, destination, unchanged }: Downloaded): string {
    const known = unchanged === 0 ? '' : `, ${unchanged} of them were there already`;
    return `${counted(files.length, 'file')} in ${destination}${known}`;
  }
}
