import { string as stringArg } from '@oclif/core/args';
import { InsideCommand } from '../../../cli/inside/inside-command.ts';
import { ID_HELP } from '../../../cli/runtime/flags.ts';

/** bash where there is one. */
const SHELL = ['sh', '-c', 'if command -v bash >/dev/null; then exec bash; fi; exec sh'];

export default class ExperimentsShell extends InsideCommand {
  static override summary = 'Open a shell in a pod that runs';
  static override description =
    "In the pod's folder, with its variables and files, in this terminal; without one it reads its commands from standard input. It ends with the pod.";
  static override examples = [
    'aichor experiments shell latest',
    'aichor experiments shell 9b2f41 worker-0-1',
    "echo 'df -h .; free -g' | aichor experiments shell latest",
  ];
  static override args = {
    id: stringArg({ description: `${ID_HELP} (the default)`, ignoreStdin: true }),
    pod: stringArg({
      description: 'Its pod, as get shows it (default: the first that runs)',
      ignoreStdin: true,
    }),
  };

  async run(): Promise<undefined> {
    const { args } = await this.parse(ExperimentsShell);
    const terminal = process.stdin.isTTY === true;
    await this.inside({ ref: args.id, pod: args.pod }, { command: SHELL, stdin: true, terminal });
  }
}
