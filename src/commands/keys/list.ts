import type { KeyList } from '../../api/key-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class KeysList extends BaseCommand<KeyList> {
  static override summary =
    'List the keys of this server: whose, with which role, and when each was last used';
  static override description =
    'The key that the server was started with, which is an admin, is not among them: it stands in its file, or in AICHOR_API_KEY.';
  static override examples = [
    'aichor keys list',
    "aichor keys list | jq -r '.keys[] | select(.last_used_at == null).name'",
  ];

  async run(): Promise<KeyList> {
    await this.parse(KeysList);
    return (await this.client()).keys();
  }

  override async view(document: KeyList): Promise<string> {
    const { keysTable } = await import('../../cli/print/people/keys.ts');
    return keysTable(document, this.screen);
  }
}
