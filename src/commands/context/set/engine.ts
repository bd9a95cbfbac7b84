import { ContextSet, contextSetArgs, contextSetFlags } from '../../../cli/context-set.ts';

import type { SettingsDocument } from '../../../cli/settings-document.ts';

export default class ContextSetEngine extends ContextSet {
  static override summary = 'Set the engine experiments run on';
  static override examples = ['aichor context set engine local', 'aichor context set engine --unset'];
  static override args = contextSetArgs;
  static override flags = contextSetFlags;

  async run(): Promise<SettingsDocument> {
    const { args, flags } = await this.parse(ContextSetEngine);
    return this.set('engine', args.name, flags.unset);
  }
}
