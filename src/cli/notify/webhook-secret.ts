import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readIfThere } from '../../base/io/files.ts';
import { AichorError } from '../../errors.ts';
import { writePrivateFile } from '../settings/private-file.ts';

/** The user's own, with which control planes sign what they send: `whsec_` and 32 bytes as base64. */
const SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;

export function webhookSecretPath(configFolder: string): string {
  return join(configFolder, 'webhook-secret');
}

/** The secret of the file (0600), which is made when it is not there, or anew. Throws AichorError `usage` for a damaged one. */
export async function webhookSecret(configFolder: string, { anew = false } = {}): Promise<string> {
  const path = webhookSecretPath(configFolder);
  const known = anew ? null : await readIfThere(path);
  if (known === null) {
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    await writePrivateFile(path, `${secret}\n`);
    return secret;
  }
  if (SECRET.test(known.trim())) return known.trim();
  throw new AichorError('usage', `${path} has no secret of webhooks in it`, {
    hint: 'aichor auth webhook-secret --rotate makes a new one',
  });
}
