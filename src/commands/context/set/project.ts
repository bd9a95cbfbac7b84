import { ContextSet, contextSetArgs, contextSetFlags } from '../../../cli/settings/context-set.ts';
import type { SettingsDocument } from '../../../cli/settings/settings-document.ts';

export default class ContextSetProject extends ContextSet {
  static override summary = 'Set the project experiments belong to';
  static override examples = [
    'aichor context set project "Protein folding"',
    'aichor context set project --unset',
  ];
  static override args = contextSetArgs;
  static override flags = contextSetFlags;

  async run(): Promise<SettingsDocument> {
    const { args, flags } = await this.parse(ContextSetProject);
    return this.set('project', args.name, flags.unset);
  }
}
