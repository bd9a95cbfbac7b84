import { string as stringArg } from '@oclif/core/args';
import { boolean, option } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import type { InitDocument } from '../../scaffold/document.ts';
import { initFlags, initOptions } from '../../cli/manifest/init-flags.ts';
import { PATTERNS } from '../../scaffold/answers/choices.ts';
import { initView } from '../../cli/print/init.ts';

export default class LocalRepoInit extends BaseCommand<InitDocument> {
  static override summary = 'Scaffold a repository that is ready to submit';
  static override description =
    'Writes a Dockerfile, a manifest, a pyproject.toml and a small program that runs as it is. ' +
    'Asks for what is missing on a terminal; elsewhere --name and --operator must be given, or --yes. ' +
    'An existing project gets what "aichor manifest init" writes, and nothing of it is touched.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name my-exp --operator jax --profile multi-pod --yes',
    '<%= config.bin %> <%= command.id %> . --name my-exp --operator jobset',
  ];
  static override args = {
    directory: stringArg({ description: 'Where to write it; ./<name> when left out', name: 'DIRECTORY' }),
  };
  static override flags = {
    ...initFlags,
    pattern: option({ options: PATTERNS, description: 'How the pods of a jobset wait for each other' })(),
    agents: boolean({ description: 'Write an AGENTS.md for coding agents, too' }),
  };

  async run(): Promise<InitDocument> {
    const { args, flags } = await this.parse(LocalRepoInit);
    const { name, operator, profile, python, tensorboard, pattern } = flags;
    const { canAsk, talk, signal, program } = this;
    const options = initOptions({ args, flags, canAsk, packageRoot: program.root, talk, signal });
    options.agents = flags.agents === true;
    const { initRepository } = await import('../../scaffold/init-repository.ts');
    return initRepository({ name, operator, profile, python, tensorboard, pattern }, options);
  }

  override view(document: InitDocument): string {
    return initView(document, this.screen.colors);
  }
}
