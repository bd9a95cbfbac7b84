import { AichorError } from '../../errors.ts';

interface Asking {
  shell: Record<string, string | undefined>;
  /** Whether somebody can be asked (a terminal). */
  canAsk: boolean;
  signal: AbortSignal;
}

/**
 * The values of secrets: this shell's, else asked for without an echo, else AichorError `usage` with every name
 * that is missing. Values are never arguments.
 */
export async function readSecrets(
  names: readonly string[],
  { shell, canAsk, signal }: Asking,
): Promise<Record<string, string>> {
  const missing = names.filter((name) => shell[name] === undefined);
  if (missing.length > 0 && !canAsk) {
    throw new AichorError(
      'usage',
      `no value for the secret${missing.length === 1 ? '' : 's'} ${missing.join(', ')}`,
      {
        hint: `export ${missing.join(', ')} in this shell; there is no terminal to ask on`,
      },
    );
  }
  const values: Record<string, string> = {};
  for (const name of names) values[name] = shell[name] ?? (await askHidden(name, signal));
  return values;
}

async function askHidden(name: string, signal: AbortSignal): Promise<string> {
  const { password } = await import('@inquirer/prompts');
  return password({ message: `${name}:`, mask: '*' }, { signal, output: process.stderr });
}
