import { string as stringArg } from '@oclif/core/args';
import { boolean, option, string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { initRepository, type InitDocument } from '../../scaffold/init-repository.ts';
import { initView } from '../../cli/print/init.ts';
import { PROFILES, PYTHON_VERSIONS } from '../../scaffold/choices.ts';
import { SCAFFOLD_OPERATORS } from '../../scaffold/operators.ts';

export default class LocalRepoInit extends BaseCommand<InitDocument> {
  static override summary = 'Scaffold a repository that is ready to submit';
  static override description =
    'Writes a Dockerfile, a manifest, a pyproject.toml and a small program that runs as it is. ' +
    'Asks for what is missing on a terminal; elsewhere --name and --operator must be given.';
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --name my-exp --operator jax --profile multi-pod --yes',
    '<%= config.bin %> <%= command.id %> . --name my-exp --operator jobset --force',
  ];
  static override args = {
    directory: stringArg({ description: 'Where to write it; ./<name> when left out', name: 'DIRECTORY' }),
  };
  static override flags = {
    name: string({ description: 'What the project is called', helpValue: 'TEXT' }),
    operator: option({
      options: SCAFFOLD_OPERATORS,
      description: SCAFFOLD_OPERATORS.join(', '),
      helpValue: 'NAME',
    })(),
    profile: option({ options: PROFILES, description: 'What the pods ask for' })(),
    python: option({
      options: PYTHON_VERSIONS,
      description: 'Version of Python; else that of python3 here',
    })(),
    tensorboard: boolean({ description: 'Write TensorBoard events', allowNo: true }),
    yes: boolean({ char: 'y', description: 'Take the default for whatever is not given' }),
    force: boolean({
      description: 'Write into a folder that is not empty; files of the same name are replaced',
    }),
  };

  async run(): Promise<InitDocument> {
    const { args, flags } = await this.parse(LocalRepoInit);
    const { name, operator, profile, python, tensorboard, yes, force } = flags;
    return initRepository(
      { name, operator, profile, python, tensorboard },
      {
        directory: args.directory ?? null,
        force,
        asking: this.canAsk ? (yes ? 'defaults' : 'ask') : 'never',
        packageRoot: this.program.root,
        env: process.env,
        cwd: process.cwd(),
        prompt: process.stderr,
        notice: (message) => this.talk.notice(message),
        progress: (message) => this.talk.progress(message),
        signal: this.signal,
      },
    );
  }

  override view(document: InitDocument): string {
    return initView(document, this.screen.colors);
  }
}
