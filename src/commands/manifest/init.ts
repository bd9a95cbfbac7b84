import { string as stringArg } from '@oclif/core/args';
import { string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import type { InitDocument } from '../../scaffold/document.ts';
import { initFlags, initOptions } from '../../cli/manifest/init-flags.ts';
import { initView } from '../../cli/print/init.ts';

export default class ManifestInit extends BaseCommand<InitDocument> {
  static override summary = 'Add a manifest to an existing project';
  static override description =
    'Writes what is missing and nothing else: the manifest, its schema, .aichorignore, and a Dockerfile where there is none. ' +
    'Name, Python and packages are read from pyproject.toml or requirements.txt; on a terminal it asks for the command and ' +
    'the resources.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --command "python -u train.py" --profile gpu',
    '<%= config.bin %> <%= command.id %> --yes',
  ];
  static override args = {
    directory: stringArg({
      description: "The project's folder; the one around this folder when left out",
      name: 'DIRECTORY',
    }),
  };
  static override flags = {
    command: string({ description: 'What each pod runs, as a shell line', helpValue: 'LINE' }),
    ...initFlags,
  };

  async run(): Promise<InitDocument> {
    const { args, flags } = await this.parse(ManifestInit);
    const { command, name, operator, profile, python, tensorboard } = flags;
    const { canAsk, talk, signal, program } = this;
    const options = initOptions({ args, flags, canAsk, packageRoot: program.root, talk, signal });
    const { initManifest } = await import('../../scaffold/init-manifest.ts');
    return initManifest({ command, name, operator, profile, python, tensorboard }, options);
  }

  override view(document: InitDocument): string {
    return initView(document, this.screen.colors);
  }
}
