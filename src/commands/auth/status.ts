import { printable } from '../../cli/print/text.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { authDocument, type SettingsDocument } from '../../cli/settings/settings-document.ts';

export default class AuthStatus extends BaseCommand<SettingsDocument> {
  static override summary = 'Check the key for the configured server: whose it is, and what it is good for';
  static override description =
    'The embedded control plane needs no key. A key that the server does not take is exit 4.';
  static override examples = ['aichor auth status'];

  async run(): Promise<SettingsDocument> {
    await this.parse(AuthStatus);
    const settings = this.settings();
    const document = authDocument(settings);
    if (settings.server.value === null) return document;
    return { ...document, identity: await (await this.client()).identity() };
  }

  override async view({ settings, identity }: SettingsDocument): Promise<string> {
    const { settingsTable } = await import('../../cli/print/settings.ts');
    const drawn = settingsTable(settings, this.screen);
    return identity === undefined
      ? drawn
      : `${drawn}\n${printable(identity.name ?? 'this user')}: ${identity.role}`;
  }
}
