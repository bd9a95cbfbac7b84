import { plural } from '../../base/text/plural.ts';
import { readFile } from 'node:fs/promises';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { isReserved, refuseProtected } from '../../operators/protected.ts';
import { parseEnvFile } from './env-file.ts';

/** What of a submission's environment is given by flags, files and this shell. */

type Environment = Record<string, string | undefined>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

interface EnvFlags {
  /** `--env` as typed, in order. */
  env: readonly string[];
  /** Files of `--env-file`, in order. */
  files: readonly { path: string; text: string }[];
  shell: Environment;
}

/** Variables of a submission, and which file and line gave each that `--env` did not. */
export interface GivenVariables {
  env: Record<string, string>;
  givenBy: Record<string, string>;
}

/**
 * The variables a submission gives: files first, `--env` over them, later ones over earlier ones; `NAME` alone is
 * the value of this shell. Throws AichorError `usage`, and `manifest_invalid` for a file's name that aichor keeps for itself.
 */
export function readEnvFlags({ env, files, shell }: EnvFlags): GivenVariables {
  const given: [string, string][] = [];
  const places = new Map<string, string>();
  for (const { path, text } of files) {
    for (const { name, value, line } of parseEnvFile(text, path)) {
      if (isReserved(name)) refuseProtected([name], null, `${path}:${line}`);
      given.push([name, value ?? fromShell(name, shell, `${path}:${line}`)]);
      places.set(name, `${path}:${line}`);
    }
  }
  for (const item of env) {
    const [name, value] = splitPair(item, '--env');
    given.push([name, value ?? fromShell(name, shell, `--env ${name}`)]);
    places.delete(name);
  }
  return { env: Object.fromEntries(given), givenBy: Object.fromEntries(places) };
}

/** Names of `--secret`; a value in the argument is refused, because everybody on the machine could read it. */
export function secretNames(flags: readonly string[], env: Record<string, string>): string[] {
  for (const flag of flags) {
    const name = flag.split('=', 1)[0] ?? flag;
    if (flag.includes('=')) {
      throw new AichorError('usage', `--secret ${name} takes no value: arguments can be read by others`, {
        hint: `export ${name} in this shell and write --secret ${name}`,
      });
    }
    if (!NAME.test(flag)) throw badName('--secret', flag);
    if (Object.hasOwn(env, flag)) {
      throw new AichorError('usage', `${flag} is given both as a variable and as a secret`, {
        hint: 'keep one of the two',
      });
    }
  }
  return [...new Set(flags)];
}

/** Labels that experiments are chosen by: `KEY=VALUE`, or `KEY` for any value. Throws AichorError `usage`. */
export function labelConditions(flags: readonly string[]): string[] {
  for (const flag of flags)
    if (flag === '' || flag.startsWith('='))
      throw new AichorError('usage', `--label ${JSON.stringify(flag)} names no label`, {
        hint: 'for example --label sweep=a, or --label sweep for any value',
      });
  return [...flags];
}

/** `--label K=V`, repeated. */
export function readLabels(flags: readonly string[]): Record<string, string> {
  const pairs = flags.map((flag) => {
    const at = flag.indexOf('=');
    if (at < 1) {
      throw new AichorError('usage', `--label ${JSON.stringify(flag)} is not KEY=VALUE`, {
        hint: 'for example --label sweep=a',
      });
    }
    return [flag.slice(0, at), flag.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

function splitPair(item: string, flag: string): [string, string | null] {
  const at = item.indexOf('=');
  const name = at === -1 ? item : item.slice(0, at);
  if (!NAME.test(name)) throw badName(flag, item);
  return [name, at === -1 ? null : item.slice(at + 1)];
}

function fromShell(name: string, shell: Environment, where: string): string {
  const value = shell[name];
  if (value !== undefined) return value;
  throw new AichorError('usage', `${where}: ${name} is not set in this shell`, {
    hint: `export ${name}, or give its value: --env ${name}=VALUE`,
  });
}

function badName(flag: string, item: string): AichorError {
  return new AichorError(
    'usage',
    `${flag} ${JSON.stringify(item)}: a variable's name has letters, digits and _, and begins with no digit`,
    {
      hint: `for example ${flag} LEARNING_RATE${flag === '--env' ? '=0.001' : ''}`,
    },
  );
}

/** Variables of `--env-file` and, over them, of `--env`. Throws AichorError `usage`. */
export async function readVariables(
  flags: { env: readonly string[]; 'env-file': readonly string[] },
  shell: Environment,
): Promise<GivenVariables> {
  const files = await Promise.all(
    flags['env-file'].map(async (path) => ({ path, text: await readEnvFile(path) })),
  );
  return readEnvFlags({ env: flags.env, files, shell });
}

async function readEnvFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AichorError(
      'usage',
      `--env-file: ${path} cannot be read (${systemErrorCode(cause) ?? String(cause)})`,
      {
        hint: 'name a file of NAME=VALUE lines',
        cause,
      },
    );
  }
}

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
      `no value for the ${plural(missing.length, 'secret')} ${missing.join(', ')}`,
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
