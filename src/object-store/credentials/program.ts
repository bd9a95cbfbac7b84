import { run } from '../../base/io/run.ts';
import { credentialsOf, NoCredentials, type StoreKeys, type CredentialWorld } from './credentials.ts';

const PATIENCE_MS = 60_000;

/**
 * What a `credential_process` prints. It is run without a shell, as Amazon's programs do.
 *
 * @throws NoCredentials with nothing in it that the program said
 */
export async function credentialsOfProgram(line: string, { env }: CredentialWorld): Promise<StoreKeys> {
  const [program, ...words] = wordsOf(line);
  if (program === undefined) throw new NoCredentials('the credential_process of ~/.aws/config is empty');
  const { ok, stdout, why } = await run(program, words, { env, timeoutMs: PATIENCE_MS, mostBytes: 1 << 20 });
  if (!ok) throw new NoCredentials(`the credential_process of ~/.aws/config failed: ${why}`);
  return credentialsOf(parsed(stdout), 'the credential_process of ~/.aws/config');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NoCredentials('the credential_process of ~/.aws/config printed no JSON');
  }
}

/** Words as a shell would take them apart, but nothing is expanded. Pure. */
export function wordsOf(line: string): string[] {
  const words = line.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
      (_, double?: string, single?: string, one?: string) => {
        if (double !== undefined) return double.replace(/\\(["\\$`])/g, '$1');
        return single ?? one ?? '';
      },
    ),
  );
}
