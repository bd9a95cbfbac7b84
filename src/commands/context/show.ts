import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { contextDocument, type SettingsDocument } from '../../cli/settings/settings-document.ts';

export default class ContextShow extends BaseCommand<SettingsDocument> {
  static override summary = 'Show the settings in effect, and where each comes from';
  static override description =
    'A flag beats the environment, which beats the settings file, which beats the default.';
  static override examples = ['aichor context show', "aichor context show | jq -r '.settings.engine.value'"];

  async run(): Promise<SettingsDocument> {
    await this.parse(ContextShow);
    return contextDocument(this.settings());
  }

  override async view({ settings }: SettingsDocument): Promise<string> {
    const { settingsTable } = await import('../../cli/print/settings.ts');
    return settingsTable(settings, this.screen);
  }
}
