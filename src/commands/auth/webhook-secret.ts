import { boolean } from '@oclif/core/flags';
import { BaseCommand } from '../../cli/runtime/base-command.ts';

interface Document {
  webhook_secret: string;
}

export default class AuthWebhookSecret extends BaseCommand<Document> {
  static override summary = 'Show the secret that notifications are signed with';
  static override description =
    'Made at its first use, and kept in a file that only this user can read. A receiver checks the headers webhook-id, webhook-timestamp and webhook-signature with it, as Standard Webhooks say.';
  static override examples = [
    'aichor auth webhook-secret',
    'aichor auth webhook-secret --rotate',
    "export WEBHOOK_SECRET=$(aichor auth webhook-secret | jq -r '.webhook_secret')",
  ];
  static override flags = {
    rotate: boolean({ description: 'Make a new one; experiments that were submitted keep the old one' }),
  };

  async run(): Promise<Document> {
    const { flags } = await this.parse(AuthWebhookSecret);
    const { webhookSecret } = await import('../../cli/notify/webhook-secret.ts');
    const { config } = this.settings().folder;
    return { webhook_secret: await webhookSecret(config, { anew: flags.rotate === true }) };
  }

  override view({ webhook_secret: secret }: Document): string {
    return secret;
  }
}
