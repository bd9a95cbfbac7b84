import { option, string } from '@oclif/core/flags';
import { ROLES, type KeyCreated } from '../../api/key-contract.ts';
import { secondsFlag } from '../../cli/keys/expiry.ts';
import { repeated } from '../../cli/runtime/flags.ts';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

export default class KeysCreate extends BaseCommand<KeyCreated> {
  static override summary = 'Make a key for somebody who is to use this server';
  static override description =
    'It is printed this once; the server keeps only its hash. A viewer looks, a member also submits, cancels and deletes, an admin also decides about keys, engines and the server.';
  static override examples = [
    'aichor keys create --name anna --role member',
    'aichor keys create --name ben --role viewer --project folding',
    'aichor keys create --name ci --role member --expires 90d | jq -r .key',
  ];
  static override flags = {
    name: string({
      description: 'Whose it is: small letters, digits and hyphens',
      required: true,
      helpValue: 'NAME',
    }),
    role: option({ options: ROLES, description: 'What it is good for', required: true })(),
    project: repeated('Only for this project; it sees nothing of others', 'NAME'),
    expires: string({
      description: 'How long it is good, for example 90d; for ever unless said',
      helpValue: 'DURATION',
    }),
  };

  async run(): Promise<KeyCreated> {
    const { flags } = await this.parse(KeysCreate);
    const { name, role, expires, project } = flags;
    const projects = project.length === 0 ? null : project;
    const expires_in_s = expires === undefined ? null : secondsFlag('--expires', expires);
    return (await this.client()).createKey({ name, role, projects, expires_in_s });
  }

  override async view(created: KeyCreated): Promise<string> {
    const { keyCreatedView } = await import('../../cli/print/people/keys.ts');
    return keyCreatedView(created, this.screen);
  }
}
