import { string as stringArg } from '@oclif/core/args';
import { ContextSet, contextSetFlags } from '../../../cli/settings/context-set.ts';
import type { SettingsDocument } from '../../../cli/settings/settings-document.ts';

export default class ContextSetNotify extends ContextSet {
  static override summary = 'Set what every experiment tells when it is over';
  static override description =
    'An http(s) address or a command, as --notify takes it, which beats this. --no-notify tells nobody.';
  static override examples = [
    'aichor context set notify https://hooks.example.com/services/T0/B0',
    `aichor context set notify 'notify-send "an experiment has ended"'`,
    'aichor context set notify --unset',
  ];
  static override args = {
    name: stringArg({ description: 'An address, or a command', ignoreStdin: true }),
  };
  static override flags = contextSetFlags;

  async run(): Promise<SettingsDocument> {
    const { args, flags } = await this.parse(ContextSetNotify);
    const { shownNotify } = await import('../../../cli/notify/shown.ts');
    if (args.name !== undefined) shownNotify(args.name);
    return this.set('notify', args.name, flags.unset);
  }
}
