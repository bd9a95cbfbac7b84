import { string as stringArg } from '@oclif/core/args';
import type { KeyCreated } from '../../api/key-contract.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class KeysRotate extends BaseCommand<KeyCreated> {
  static override summary = 'Make another key for a name; the one before opens nothing any more';
  static override description =
    'It is printed this once, and has the role and the end of the one before. For a key that was seen by somebody, or lost.';
  static override examples = ['aichor keys rotate anna', 'aichor keys rotate ci | jq -r .key'];
  static override args = {
    name: stringArg({ description: 'Name of the key', required: true, ignoreStdin: true }),
  };

  async run(): Promise<KeyCreated> {
    const { args } = await this.parse(KeysRotate);
    return (await this.client()).rotateKey(args.name);
  }

  override async view(created: KeyCreated): Promise<string> {
    const { keyCreatedView } = await import('../../cli/print/people/keys.ts');
    return keyCreatedView(created, this.screen);
  }
}
