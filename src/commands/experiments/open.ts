import { string as stringArg } from '@oclif/core/args';
import type { Opened, OpenName } from '../../api/storage-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { ID_HELP } from '../../cli/runtime/flags.ts';
import { printable } from '../../cli/print/text.ts';
import { assertWebAddress, openInBrowser } from '../../cli/experiments/browser.ts';
import { AichorError } from '../../errors.ts';

const NAMES: readonly OpenName[] = ['tensorboard', 'ray', 'jupyter', 'vscode'];

export default class ExperimentsOpen extends BaseCommand<Opened> {
  static override summary = 'Open TensorBoard, the Ray dashboard or a debugging session';
  static override description =
    'On a terminal the link is opened; in a script it is only printed. For an experiment that has ended, TensorBoard is started again, and Ray is shown by the history server of its cluster, where the engine knows of one.';
  static override examples = [
    'aichor experiments open latest tensorboard',
    'aichor experiments open ray',
    'aichor experiments open 9b2f41 jupyter | jq -r .url',
  ];
  static override args = {
    id: stringArg({ description: `${ID_HELP} (when left out)`, ignoreStdin: true }),
    name: stringArg({ description: NAMES.join(', '), ignoreStdin: true }),
  };

  async run(): Promise<Opened> {
    const { args } = await this.parse(ExperimentsOpen);
    const [ref, name] = args.name === undefined ? ['latest', args.id] : [args.id, args.name];
    const known = NAMES.find((each) => each === name);
    if (known === undefined) {
      throw new AichorError('usage', name === undefined ? 'name what to open' : `${name} cannot be opened`, {
        hint: `one of ${NAMES.join(', ')}: aichor experiments open ${ref ?? 'latest'} tensorboard`,
      });
    }
    const client = await this.client();
    if (known === 'tensorboard') this.talk.progress('TensorBoard is being started');
    const opened = await client.open(ref ?? 'latest', known);
    assertWebAddress(opened.url);
    if (this.humanWanted && !(await openInBrowser(opened.url, process)))
      this.talk.notice('no browser could be started here; open the link yourself');
    return opened;
  }

  override view({ url }: Opened): string {
    return printable(url);
  }
}
