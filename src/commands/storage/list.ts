import { string as stringArg } from '@oclif/core/args';
import type { StorageList } from '../../api/storage-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { storageFlags, storageQueryOf } from '../../cli/storage/storage-flags.ts';

export default class StorageListCommand extends BaseCommand<StorageList> {
  static override summary = 'List the inputs or outputs of a project, or the outputs of an experiment';
  static override examples = [
    'aichor storage list',
    'aichor storage list --experiment latest',
    'aichor storage list --inputs data/',
    "aichor storage list --experiment 9b2f41 | jq '.files[].path'",
  ];
  static override args = {
    path: stringArg({ description: 'Only what is in this folder, or this file', ignoreStdin: true }),
  };
  static override flags = storageFlags;

  async run(): Promise<StorageList> {
    const { args, flags } = await this.parse(StorageListCommand);
    const client = await this.client();
    return client.storage(storageQueryOf(flags, { path: args.path, settings: this.settings() }));
  }

  override async view({ files }: StorageList): Promise<string> {
    const { fileTable } = await import('../../cli/print/files.ts');
    return fileTable(files, this.screen);
  }
}
