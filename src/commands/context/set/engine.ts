import { AichorError } from '../../../errors.ts';
import { ContextSet, contextSetArgs, contextSetFlags } from '../../../cli/settings/context-set.ts';
import type { SettingsDocument } from '../../../cli/settings/settings-document.ts';

export default class ContextSetEngine extends ContextSet {
  static override summary = 'Set the engine experiments run on';
  static override examples = ['aichor context set engine local', 'aichor context set engine --unset'];
  static override args = contextSetArgs;
  static override flags = contextSetFlags;

  async run(): Promise<SettingsDocument> {
    const { args, flags } = await this.parse(ContextSetEngine);
    if (args.name !== undefined && !flags.unset) await this.#assertThere(args.name);
    return this.set('engine', args.name, flags.unset);
  }

  /** A name that is not configured would only be refused later, with every submit. */
  async #assertThere(name: string): Promise<void> {
    const { engines } = await (await this.client()).engines();
    const names = engines.map((engine) => engine.name);
    if (names.includes(name)) return;
    throw new AichorError('engine_unavailable', `there is no engine called ${JSON.stringify(name)}`, {
      hint: `the engines there are: ${names.join(', ')}`,
    });
  }
}
