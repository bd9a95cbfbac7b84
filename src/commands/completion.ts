import { string as stringArg } from '@oclif/core/args';
import { BaseCommand } from '../cli/runtime/base-command.ts';
import { wordOf } from '../cli/runtime/flags.ts';
import { SCRIPTS, SETUP, SHELLS } from '../cli/completion/scripts.ts';
import { AichorError } from '../errors.ts';

export default class Completion extends BaseCommand<undefined> {
  static override summary = 'Print what makes a shell complete commands, flags, ids and labels';
  static override description =
    'Put its output where the shell reads it at its start. Ids, labels, projects and engines are asked of the control plane, when one runs.';
  static override examples = SHELLS.map((shell) => SETUP[shell]);
  static override args = { shell: stringArg({ description: SHELLS.join(', '), ignoreStdin: true }) };

  async run(): Promise<undefined> {
    const { args } = await this.parse(Completion);
    if (args.shell === undefined) {
      throw new AichorError('usage', 'the shell was not named', {
        hint: `for this one: ${SETUP[ownShell()]}`,
      });
    }
    await this.write(SCRIPTS[wordOf(args.shell, SHELLS, 'the shell')]);
  }
}

/** The shell of this user, as far as it is one of those. */
function ownShell() {
  const name = process.env['SHELL']?.split('/').at(-1);
  return SHELLS.find((shell) => shell === name) ?? 'bash';
}
