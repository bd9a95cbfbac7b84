import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SubmissionInput } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { NotifyTarget } from '../../experiment/told/target.ts';
import type { Screen } from '../runtime/screen.ts';
import type { Talk } from '../runtime/talk.ts';
import type { Settings } from '../settings/settings.ts';
import { shellBasics } from '../../experiment/shell-basics.ts';
import { readLabels, readSecrets, readVariables, secretNames } from './environment.ts';
import type { SubmissionFlags } from './flags.ts';

/** Everything that a submission goes by, whatever is submitted: complete, and checked as far as it is alone. */
export interface SubmitOptions {
  /** `--message`; null: none was given. */
  message: string | null;
  settings: Settings;
  /** Variables of `--env-file` and, over them, of `--env`. */
  env: Record<string, string>;
  /** Which file and line gave each of them that `--env` did not. */
  envGivenBy: Record<string, string>;
  /** Names of `--secret`; their values are asked for last. */
  secretNames: string[];
  labels: Record<string, string>;
  keep: boolean;
  force: boolean;
  dryRun: boolean;
  /** Whether each file that is sent is named, and each that is not. */
  showFiles: boolean;
  /** PATH, HOME and the like of this shell; nothing for a team's server, which has an environment of its own. */
  shell: Record<string, string>;
  /** Absolute path of `--python-env`. */
  pythonEnv: string | null;
  rebuild: boolean;
  /** `--storage`; null: as the engine's settings say. */
  storage: 'folder' | 's3' | null;
  /** `--container`; null: as the engine's settings say. */
  container: 'podman' | 'docker' | 'none' | null;
  /** Changes of the manifest, as typed. */
  set: readonly string[];
  /** Whom it tells; null: nothing was said, here or in the settings. */
  notify: NotifyTarget[] | null;
  idempotencyKey: string;
  talk: Talk;
  /** Where `talk` goes, as it sees it. */
  talkScreen: Screen;
  signal: AbortSignal;
  /** Told of each file's text, so that mistakes can be shown in it. */
  onSource(file: string, text: string): void;
}

/** What a command gives beside its flags. */
interface Surroundings {
  env: Record<string, string | undefined>;
  settings: Settings;
  talk: Talk;
  talkScreen: Screen;
  signal: AbortSignal;
  onSource(file: string, text: string): void;
}

/** Fills the options from flags, files, settings and this shell. Nothing is sent or asked. Throws AichorError `usage`. */
export async function completeOptions(flags: SubmissionFlags, around: Surroundings): Promise<SubmitOptions> {
  const { env: shell, settings, talk, talkScreen, signal, onSource } = around;
  const isLocal = settings.server.value === null;
  const { env, givenBy: envGivenBy } = await readVariables(flags, shell);
  return {
    message: flags.message ?? null,
    settings,
    env,
    envGivenBy,
    secretNames: secretNames(flags.secret, env),
    labels: readLabels(flags.label),
    keep: flags.keep,
    force: flags.force,
    dryRun: flags['dry-run'],
    showFiles: flags['show-files'] ?? false,
    shell: isLocal ? shellBasics(shell) : {},
    pythonEnv: await pythonEnvironment(flags['python-env'] ?? null, isLocal),
    rebuild: flags.rebuild,
    storage: flags.storage ?? null,
    container: flags.container ?? null,
    set: flags.set,
    notify: await notifyMeant(flags, { settings, talk }),
    // A key of its own makes it safe to send a submission again whose answer was lost.
    idempotencyKey: flags['idempotency-key'] ?? randomUUID(),
    talk,
    talkScreen,
    signal,
    onSource,
  };
}

/** Loaded where somebody is to be told: most submissions tell nobody. */
async function notifyMeant(
  flags: SubmissionFlags,
  around: Pick<Surroundings, 'settings' | 'talk'>,
): Promise<NotifyTarget[] | null> {
  if (flags['no-notify']) return [];
  if (flags.notify.length === 0 && around.settings.notify.value === null) return null;
  const { notifyTargets } = await import('../notify/targets.ts');
  return notifyTargets(flags.notify, around);
}

/** On this machine it must be there; a server's machine is asked later. */
async function pythonEnvironment(path: string | null, isLocal: boolean): Promise<string | null> {
  if (path === null) return null;
  const absolute = resolve(path);
  if (!isLocal) return absolute;
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

/** What every request to submit holds; `secrets` by their values. */
export function commonSubmission(options: SubmitOptions, secrets: Record<string, string>) {
  const { env, labels, keep, force, shell, pythonEnv, rebuild, storage, container, set } = options;
  return {
    env,
    secrets,
    labels,
    keep,
    force,
    shell,
    python_env: pythonEnv,
    rebuild,
    storage,
    container,
    set: [...set],
    idempotency_key: options.idempotencyKey,
  };
}

/** The same for a new experiment, less its source and its manifest's path. */
export function newSubmission(
  options: SubmitOptions,
  secrets: Record<string, string>,
): Omit<SubmissionInput, 'source' | 'manifest_path'> {
  return {
    ...commonSubmission(options, secrets),
    ...engineWishes(options.settings),
    notify: options.notify ?? [],
    message: options.message ?? '',
    project: options.settings.project.value,
  };
}

/** The secrets' values, asked for where they are not in this shell. Do it late: nothing before it should fail. */
export async function secretValues(
  { secretNames: names, signal }: SubmitOptions,
  { env, canAsk }: { env: Record<string, string | undefined>; canAsk: boolean },
): Promise<Record<string, string>> {
  return readSecrets(names, { shell: env, canAsk, signal });
}

/** `--engine` and AICHOR_ENGINE say what must be; the settings file only what is preferred (contract 3.2). */
export function engineWishes({ engine }: Pick<Settings, 'engine'>): {
  engine: string | null;
  default_engine: string | null;
} {
  const insisted = engine.origin === 'flag' || engine.origin === 'environment';
  return insisted
    ? { engine: engine.value, default_engine: null }
    : { engine: null, default_engine: engine.value };
}
