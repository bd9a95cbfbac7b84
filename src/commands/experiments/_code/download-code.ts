import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { resolve } from 'node:path';
import { formatBytes } from '../../../base/text/bytes.ts';
import { counted } from '../../../base/text/plural.ts';
import { BaseCommand } from '../../../cli/runtime/base-command.ts';
import { ID_HELP } from '../../../cli/runtime/flags.ts';

interface DownloadedCode {
  experiment_id: string;
  snapshot: string | null;
  destination: string;
  files: number;
  bytes: number;
}

export default class ExperimentsDownloadCode extends BaseCommand<DownloadedCode> {
  static override summary = 'Get back the code that an experiment ran';
  static override description =
    'Byte for byte as it was submitted, with links, execute bits and empty folders. The folder must be empty, or not there.';
  static override examples = ['aichor experiments download-code latest --to code'];
  static override args = { id: stringArg({ description: ID_HELP, required: true, ignoreStdin: true }) };
  static override flags = {
    to: string({ description: 'Folder to put it in', helpValue: 'DIRECTORY', required: true }),
  };

  async run(): Promise<DownloadedCode> {
    const { args, flags } = await this.parse(ExperimentsDownloadCode);
    const client = await this.client();
    const { experiment_id, source } = await client.get(args.id);
    const { unpackCode } = await import('../../../snapshot/packaging/unpack.ts');
    const unpacked = await unpackCode(() => client.code(experiment_id), flags.to);
    return { experiment_id, snapshot: source.snapshot, destination: resolve(flags.to), ...unpacked };
  }

  override view({ files, bytes, destination }: DownloadedCode): string {
    return `${counted(files, 'file')}, ${formatBytes(bytes)}, in ${destination}`;
  }
}
