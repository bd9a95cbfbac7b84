import { string } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';
import { readKey } from '../../cli/settings/read-key.ts';
import { EMBEDDED, storeApiKey } from '../../cli/settings/credentials.ts';
import { authDocument, type SettingsDocument } from '../../cli/settings/settings-document.ts';
import { resolveSettings } from '../../cli/settings/settings.ts';
import { createClient } from '../../client/client.ts';

const NOTHING_TO_CHECK =
  'no server is configured, and the embedded control plane needs no key: it is stored, and not checked';

export default class AuthKey extends BaseCommand<SettingsDocument> {
  static override summary = 'Store the API key for the configured server, once the server has taken it';
  static override description =
    'A server gets only the key that was stored for it: `aichor context set server` comes first. An argument can be read by others on this machine: prefer `--apikey -`, or no flag, which asks for it.';
  static override examples = [
    'echo "$AICHOR_API_KEY" | aichor auth key --apikey -',
    'aichor auth key --apikey KEY',
  ];
  static override flags = {
    apikey: string({ description: 'The key; - reads it from stdin', helpValue: 'KEY' }),
  };

  async run(): Promise<SettingsDocument> {
    const { flags } = await this.parse(AuthKey);
    const { server, folder } = this.settings();
    const apiKey = await readKey(flags.apikey, {
      stdin: process.stdin,
      canAsk: this.canAsk,
      signal: this.signal,
    });
    if (server.value === null) this.talk.notice(NOTHING_TO_CHECK);
    else await createClient({ address: { url: server.value }, apiKey, signal: this.signal }).server();
    await storeApiKey(folder.config, server.value ?? EMBEDDED, apiKey);
    return authDocument(resolveSettings(process.env));
  }

  override async view({ settings }: SettingsDocument): Promise<string> {
    const { settingsTable } = await import('../../cli/print/settings.ts');
    return settingsTable(settings, this.screen);
  }
}
