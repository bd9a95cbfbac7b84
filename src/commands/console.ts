import { boolean } from '@oclif/core/flags';
import type { ConsoleOpened } from '../api/console/console-contract.ts';
import { BaseCommand } from '../cli/runtime/base-command.ts';
import { printable } from '../cli/print/text.ts';
import { assertWebAddress, openInBrowser } from '../cli/experiments/browser.ts';

export default class Console extends BaseCommand<ConsoleOpened> {
  static override summary = 'Open the console: experiments, logs and metrics in a browser';
  static override description =
    'On a terminal a browser is opened; in a script the address is only printed. What stands behind # lets one browser in, once, within a minute; from then on that browser knows the address without it.';
  static override examples = ['aichor console', 'aichor console --print | jq -r .url'];
  static override flags = {
    print: boolean({ description: 'Print the address, and open nothing' }),
  };

  async run(): Promise<ConsoleOpened> {
    const { flags } = await this.parse(Console);
    const client = await this.client();
    const opened = await client.console();
    assertWebAddress(opened.url);
    const isWanted = this.humanWanted && !flags.print;
    if (isWanted && !(await openInBrowser(opened.url, process)))
      this.talk.notice('no browser could be started here; open the address yourself, within a minute');
    return opened;
  }

  override view({ url }: ConsoleOpened): string {
    return printable(url);
  }
}
