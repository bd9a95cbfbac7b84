import type { Client } from '../../client/client.ts';
import { AichorError } from '../../errors.ts';

interface Confirming {
  client: Pick<Client, 'hostKeys'>;
  repository: string;
  allow_inner_addresses: boolean;
  /** Fingerprints that are right. */
  accepted: readonly string[];
  /** Asks somebody; null: nobody can be asked. */
  ask: ((question: string) => Promise<boolean>) | null;
}

/**
 * Lines of `known_hosts` for the host of a repository: somebody has said that its keys are right. None for https.
 * Throws AichorError `usage`, `conflict` when they are not.
 */
export async function confirmedHostKeys({
  client,
  repository,
  allow_inner_addresses,
  accepted,
  ask,
}: Confirming): Promise<string[]> {
  if (/^(?:https?|file):\/\//i.test(repository) || !repository.includes(':')) return [];
  const { host_keys: keys } = await client.hostKeys({ repository, allow_inner_addresses });
  const known = keys.filter(({ fingerprint }) => accepted.includes(fingerprint));
  if (known.length > 0) return known.map(({ line }) => line);
  const shown = keys.map(({ type, fingerprint }) => `${fingerprint} (${type})`);
  if (accepted.length > 0)
    throw new AichorError(
      'conflict',
      `the host says that it is ${shown.join(', ')}: none of these was given`,
      {
        hint: 'see that the address is right, and ask whoever runs the host for the fingerprint',
      },
    );
  const question = `The host of ${repository} says that it is\n  ${shown.join('\n  ')}\nIs one of these what it should be?`;
  if (ask !== null && (await ask(question))) return keys.map(({ line }) => line);
  throw new AichorError('usage', `nobody has said whether the host's keys are right: ${shown.join(', ')}`, {
    hint: `compare one with what the host publishes, then add --host-key ${keys[0]?.fingerprint ?? 'SHA256:…'}`,
  });
}
