import { ContextSet, contextSetArgs, contextSetFlags } from '../../../cli/settings/context-set.ts';
import { serverUrl } from '../../../cli/settings/settings.ts';
import type { SettingsDocument } from '../../../cli/settings/settings-document.ts';

export default class ContextSetServer extends ContextSet {
  static override summary = 'Set the control plane; without one the embedded one on this machine is used';
  static override examples = [
    'aichor context set server https://aichor.example.org',
    'aichor context set server --unset',
  ];
  static override args = contextSetArgs;
  static override flags = contextSetFlags;

  async run(): Promise<SettingsDocument> {
    const { args, flags } = await this.parse(ContextSetServer);
    return this.set('server', args.name === undefined ? undefined : serverUrl(args.name), flags.unset);
  }
}
