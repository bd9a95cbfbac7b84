import { string as stringArg } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { InsideCommand } from '../../../cli/inside/inside-command.ts';
import { commandBehind } from '../../../cli/inside/exec.ts';
import { ID_HELP } from '../../../cli/runtime/flags.ts';

export default class ExperimentsExec extends InsideCommand {
  static override summary = 'Run a command in a pod that runs';
  static override description =
    "In the pod's folder, with its variables and files; on the engine local with its processes, too. The command ends with the pod, and when this one is ended. Its exit code becomes this one's, 128 + n for signal n. No shell reads its words.";
  static override examples = [
    'aichor experiments exec latest -- nvidia-smi',
    'aichor experiments exec 9b2f41 worker-0-1 -- ls -l checkpoints',
    "aichor experiments exec latest -- sh -c 'py-spy dump --pid $(pgrep -o python)'",
    'aichor experiments exec latest -i -t -- python',
    'aichor experiments exec latest -i -- tee patch.diff < patch.diff',
  ];
  static override args = {
    id: stringArg({ description: ID_HELP, required: true, ignoreStdin: true }),
    pod: stringArg({
      description: 'Its pod, as get shows it (default: the first that runs)',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    stdin: boolean({ char: 'i', description: 'Pass standard input on to the command' }),
    tty: boolean({ char: 't', description: 'Give it this terminal; with --stdin' }),
  };

  async run(): Promise<undefined> {
    const command = commandBehind(this.argv, 'aichor experiments exec latest -- nvidia-smi');
    const { args, flags } = await this.parse(ExperimentsExec);
    const isTerminal = process.stdin.isTTY === true;
    if (flags.tty && !(flags.stdin && isTerminal))
      this.talk.notice(
        flags.stdin
          ? 'standard input is no terminal: the command gets none'
          : '--tty counts only with --stdin',
      );
    const terminal = flags.tty && flags.stdin && isTerminal;
    await this.inside({ ref: args.id, pod: args.pod }, { command, stdin: flags.stdin, terminal });
  }
}
