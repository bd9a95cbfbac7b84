import { string } from '@oclif/core/args';
import { boolean } from '@oclif/core/flags';
import { AichorError } from '../../errors.ts';
import { BaseCommand } from '../runtime/base-command.ts';
import { changeSettings, resolveSettings } from './settings.ts';
import { contextDocument, type SettingsDocument } from './settings-document.ts';

export const contextSetArgs = { name: string({ description: 'The new value', ignoreStdin: true }) };
export const contextSetFlags = { unset: boolean({ description: 'Go back to the default', default: false }) };

/** `context set project|engine|server|notify`: one default in the settings file. */
export abstract class ContextSet extends BaseCommand<SettingsDocument> {
  /** Writes the setting, or removes it with `--unset`, and gives the settings that hold then. */
  protected async set(
    key: 'project' | 'engine' | 'server' | 'notify',
    name: string | undefined,
    unset: boolean,
  ): Promise<SettingsDocument> {
    if (unset === (name !== undefined) || name === '') {
      throw new AichorError('usage', unset ? `--unset takes no ${key}` : `no ${key} was given`, {
        hint: `aichor context set ${key} NAME, or aichor context set ${key} --unset`,
      });
    }
    if (name !== undefined && key !== 'server' && key !== 'notify')
      resolveSettings(process.env, { [key]: name });
    await changeSettings(this.settings().folder, { [key]: name ?? null });
    const now = resolveSettings(process.env);
    if (name !== undefined && now[key].origin === 'environment') {
      this.talk.notice(`AICHOR_${key.toUpperCase()} is set in this shell and beats the file`);
    }
    return contextDocument(now);
  }

  override async view({ settings }: SettingsDocument): Promise<string> {
    const { settingsTable } = await import('../print/settings.ts');
    return settingsTable(settings, this.screen);
  }
}
