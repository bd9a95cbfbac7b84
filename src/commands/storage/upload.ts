import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import { counted } from '../../base/text/plural.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { localFiles } from '../../cli/storage/local-files.ts';
import { storageFlags, storageQueryOf, transferFlags } from '../../cli/storage/storage-flags.ts';
import { upload, type Uploaded } from '../../cli/storage/upload.ts';

export default class StorageUpload extends BaseCommand<Uploaded> {
  static override summary = 'Upload inputs, or files to the outputs of an experiment';
  static override description =
    'A folder keeps its name there, unless --to names another. Files that are there already, and were not changed here since, are not sent again; one that was changed there later is exit 6 unless --force is given. Repeat the command after it was interrupted: it goes on where it was.';
  static override examples = [
    'aichor storage upload data',
    'aichor storage upload data --to raw/2026',
    'aichor storage upload train.csv --inputs --project folding',
    'aichor storage upload scores.json --experiment latest --to evaluation',
  ];
  static override args = {
    path: stringArg({ description: 'File or folder of this machine', required: true, ignoreStdin: true }),
  };
  static override flags = {
    ...storageFlags,
    inputs: boolean({
      description: 'To the inputs of the project, as without it',
      exclusive: ['experiment'],
    }),
    to: string({ description: 'Folder there to put them in', helpValue: 'FOLDER' }),
    ...transferFlags,
    force: boolean({ description: 'Send all of them, whatever is there' }),
  };

  async run(): Promise<Uploaded> {
    const { args, flags } = await this.parse(StorageUpload);
    const client = await this.client();
    const inputs = flags.experiment === undefined;
    const query = storageQueryOf({ ...flags, inputs }, { path: undefined, settings: this.settings() });
    const onOdd = (path: string, why: string) => this.talk.notice(`${path} is left out: ${why}`);
    const files = await localFiles(args.path, { to: flags.to ?? null, onOdd });
    const { concurrency, force } = flags;
    this.goesOnWhenRepeated();
    const show = (text: string) => this.talk.progress(text);
    return upload(client, query, { files, concurrency, force, show });
  }

  override view({ files, kind, project, experiment_id: id, unchanged }: Uploaded): string {
    const whose = id === null ? `${kind} of project ${project}` : `outputs of experiment ${id}`;
    const known = unchanged === 0 ? '' : `, ${unchanged} of them were there already`;
    return `${counted(files.length, 'file')} in the ${whose}${known}`;
  }
}
