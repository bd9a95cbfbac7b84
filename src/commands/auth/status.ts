import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { authDocument, type SettingsDocument } from '../../cli/settings/settings-document.ts';

export default class AuthStatus extends BaseCommand<SettingsDocument> {
  static override summary = 'Check the key for the configured server';
  static override description =
    'The embedded control plane needs no key. A key that the server does not take is exit 4.';
  static override examples = ['aichor auth status'];

  async run(): Promise<SettingsDocument> {
    await this.parse(AuthStatus);
    const settings = this.settings();
    if (settings.server.value !== null) await (await this.client()).server();
    return authDocument(settings);
  }

  override async view({ settings }: SettingsDocument): Promise<string> {
    const { settingsTable } = await import('../../cli/print/settings.ts');
    return settingsTable(settings, this.screen);
  }
}
