import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { InferredFlags } from '@oclif/core/interfaces';
import { AichorError, systemErrorCode } from '../../errors.ts';
import type { submissionFlags } from '../runtime/flags.ts';
import { readEnvFlags, readLabels, secretNames } from './env-flags.ts';
import { readSecrets } from './secrets.ts';
import type { Settings } from '../settings/settings.ts';
import { shellBasics } from './shell-basics.ts';

export type SubmissionFlags = InferredFlags<typeof submissionFlags>;

/** What is common to submissions and resubmissions. */
export interface CommonSubmission {
  env: Record<string, string>;
  labels: Record<string, string>;
  keep: boolean;
  force: boolean;
  shell: Record<string, string>;
  python_env: string | null;
  idempotency_key: string;
}

type Environment = Record<string, string | undefined>;

/** Variables, labels and the rest, from flags, files and this shell; no secrets. Throws AichorError `usage`. */
export async function readSubmission(
  flags: SubmissionFlags,
  env: Environment,
  settings: Settings,
): Promise<CommonSubmission> {
  return {
    env: await readVariables(flags, env),
    labels: readLabels(flags.label),
    keep: flags.keep,
    force: flags.force,
    // A team's server has an environment of its own; this shell's is none of its business.
    shell: settings.server.value === null ? shellBasics(env) : {},
    python_env: await readPythonEnv(flags['python-env'] ?? null, settings),
    // A key of its own makes it safe to send a submission again whose answer was lost.
    idempotency_key: flags['idempotency-key'] ?? randomUUID(),
  };
}

/** The absolute path of `--python-env`. On this machine it must be there; a server's machine is asked later. */
async function readPythonEnv(path: string | null, { server }: Settings): Promise<string | null> {
  if (path === null) return null;
  const absolute = resolve(path);
  if (server.value !== null) return absolute;
  try {
    await stat(absolute);
    return absolute;
  } catch (cause) {
    throw new AichorError('usage', `--python-env: there is no ${absolute}`, {
      hint: 'name a virtual or conda environment (its folder), or a Python interpreter',
      cause,
    });
  }
}

/** Variables of `--env-file` and, over them, of `--env`. Throws AichorError `usage`. */
export async function readVariables(
  flags: Pick<SubmissionFlags, 'env' | 'env-file'>,
  shell: Environment,
): Promise<Record<string, string>> {
  const files = await Promise.all(
    flags['env-file'].map(async (path) => ({ path, text: await readEnvFile(path) })),
  );
  return readEnvFlags({ env: flags.env, files, shell });
}

/** The values of `--secret`, asked for where they are not in this shell. Do it late: nothing before it should fail. */
export async function readSecretFlags(
  flags: SubmissionFlags,
  common: CommonSubmission,
  asking: { shell: Environment; canAsk: boolean; signal: AbortSignal },
): Promise<Record<string, string>> {
  return readSecrets(secretNames(flags.secret, common.env), asking);
}

/** `--engine` and AICHOR_ENGINE say what must be; the settings file only what is preferred (contract 3.2). */
export function engineWishes({ engine }: Settings): { engine: string | null; default_engine: string | null } {
  const insisted = engine.origin === 'flag' || engine.origin === 'environment';
  return insisted
    ? { engine: engine.value, default_engine: null }
    : { engine: null, default_engine: engine.value };
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
