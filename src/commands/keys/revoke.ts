import { string as stringArg } from '@oclif/core/args';
import type { KeyDocument } from '../../api/key-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class KeysRevoke extends BaseCommand<KeyDocument> {
  static override summary = 'Take a key away: it opens nothing any more';
  static override description =
    'What was submitted with it goes on. A stream that its holder reads already lasts until it ends.';
  static override examples = ['aichor keys revoke anna'];
  static override args = {
    name: stringArg({ description: 'Name of the key', required: true, ignoreStdin: true }),
  };

  async run(): Promise<KeyDocument> {
    const { args } = await this.parse(KeysRevoke);
    return (await this.client()).revokeKey(args.name);
  }

  override view({ name, role }: KeyDocument): string {
    return `revoked the key ${name} (${role})`;
  }
}
