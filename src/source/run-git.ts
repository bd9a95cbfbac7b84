import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskErrorIn } from '../base/io/disk-full.ts';
import { run, type RunOptions, type RunResult } from '../base/io/run.ts';
import { start } from '../base/io/start.ts';
import { AichorError } from '../errors.ts';
import { signalProcess } from '../machine/signals.ts';
import { maskCredentials } from './mask.ts';
import { atPace, TOO_SLOW } from '../base/io/disk/pace.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface GitOptions {
  /** Where Git runs. */
  directory?: string | undefined;
  env?: Env | undefined;
  signal?: AbortSignal | undefined;
  /** Settings for this call, `name=value`, beside the safe ones. */
  settings?: readonly string[] | undefined;
}

export interface GitResult {
  ok: boolean;
  stdout: string;
  /** What Git said about a failure, without credentials, in one line. */
  reason: string;
}

/**
 * Settings that keep a repository (or a user's settings) from running programs or changing content: no hooks, no
 * file system monitor, no `ext::` transport, no line ending conversion, no background maintenance, no wait for the disk.
 */
const SAFE_SETTINGS: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.autocrlf=false',
  'core.eol=lf',
  'core.symlinks=true',
  // Attributes are those of the commit: what is laid out of it is the same on every machine.
  'core.attributesFile=/dev/null',
  'protocol.ext.allow=never',
  // What Git writes here is read at once, or thrown away: nothing of it need outlive the power.
  'core.fsync=none',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
];

/** Seconds for which a host may say nothing at all, unless `AICHOR_GIT_SILENCE` says otherwise. */
const SILENCE_S = 60;

function silenceOf(env: Env): number {
  const asked = Number(env['AICHOR_GIT_SILENCE'] || Number.NaN);
  return Number.isInteger(asked) && asked > 0 ? asked : SILENCE_S;
}

/** Whoever packs a large repository sends a sign of life every five seconds: only real silence is too slow. */
function patience(env: Env): string[] {
  return ['http.lowSpeedLimit=1', `http.lowSpeedTime=${silenceOf(env)}`];
}

/** Variables with which a calling Git (a hook, an alias) would lead ours to its own repository. */
const LEADING_ASTRAY = [
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_COMMON_DIR',
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_NAMESPACE',
  'GIT_PREFIX',
  'GIT_CEILING_DIRECTORIES',
  'GIT_EXTERNAL_DIFF',
  'GIT_TEMPLATE_DIR',
] as const;

/**
 * Runs Git without a shell, without prompts, in English. A failure of Git is a result; throws AichorError
 * `engine_unavailable` when there is no Git, `interrupted` when the signal was aborted.
 */
export async function runGit(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  const { directory, env = process.env, signal, settings = [] } = options;
  const words = [
    ...[...SAFE_SETTINGS, ...patience(env), ...settings].flatMap((setting) => ['-c', setting]),
    ...args,
  ];
  const looking = { directory, env, signal };
  const result = await bounded(args, looking, (until) =>
    ran(
      words,
      { cwd: directory, env: gitEnvironment(env), signal: until, withAllItStarts: ASKING.has(args[0] ?? '') },
      signal,
    ),
  );
  if (result === null) return { ok: false, stdout: '', reason: TOO_SLOW };
  if (result.trouble !== null) throw notStarted(result, directory);
  if (!result.ok) throwForLackOfDisk(result.stderr);
  return { ok: result.ok, stdout: result.stdout, reason: reasonOf(result.stderr) };
}

/** The same for one that is written to and read from while it runs; its errors on stderr are not for people. Throws system errors. */
export function startGit(
  args: readonly string[],
  { directory, env = process.env, signal }: Pick<GitOptions, 'directory' | 'env' | 'signal'>,
): Promise<ChildProcess> {
  const words = [...SAFE_SETTINGS.flatMap((setting) => ['-c', setting]), ...args];
  return start('git', words, {
    env: gitEnvironment(env),
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(directory !== undefined && { cwd: directory }),
    ...(signal && { signal }),
  });
}

/** Commands that wait for somebody else's host: the programs that speak to it do not end with Git. */
const ASKING: ReadonlySet<string> = new Set(['ls-remote', 'fetch', 'submodule', 'checkout']);

/** Null: the host was too slow. */
function bounded(
  args: readonly string[],
  { directory, env = process.env, signal }: GitOptions,
  work: (signal: AbortSignal | undefined) => Promise<RunResult>,
): Promise<RunResult | null> {
  if (!ASKING.has(args[0] ?? '')) return work(signal);
  const isQuestion = args[0] === 'ls-remote' || args.includes('--filter=tree:0');
  return atPace({ silence: silenceOf(env), isQuestion, directory, signal }, work);
}

async function ran(
  words: readonly string[],
  options: RunOptions,
  signal: AbortSignal | undefined,
): Promise<RunResult> {
  try {
    return await run('git', words, options);
  } catch (error) {
    if (!signal?.aborted) throw error;
    throw new AichorError('interrupted', 'stopped while Git was at work', { hint: 'run the command again' });
  }
}

function gitEnvironment(env: Env): Record<string, string | undefined> {
  const own: Record<string, string | undefined> = { ...env };
  for (const name of LEADING_ASTRAY) delete own[name];
  // ssh asks on the terminal itself, where nobody may be; and it waits for ever, unless told otherwise.
  const silence = silenceOf(env);
  const alive = `-oServerAliveInterval=${Math.ceil(silence / 4)} -oServerAliveCountMax=3`;
  const ssh = `${env['GIT_SSH_COMMAND'] || 'ssh'} -oBatchMode=yes -oConnectTimeout=${silence} ${alive}`;
  return {
    ...own,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ATTR_NOSYSTEM: '1',
    LC_ALL: 'C',
    ...(env['GIT_SSH'] ? {} : { GIT_SSH_COMMAND: ssh }),
  };
}

/** What Git could not write for want of room is not the repository's fault. What the other side says of its own disk is no matter. */
function throwForLackOfDisk(stderr: string): void {
  const own = stderr.replace(/^(?:remote: |(?:fatal|error): remote error: ).*$/gm, '');
  const cause = diskErrorIn(own);
  if (cause === null) return;
  throw new AichorError('server_error', `Git could not write to the disk: ${reasonOf(own)}`, {
    hint: 'free space where the server keeps its files, and in the folder for temporary ones; then try again',
    cause,
  });
}

function notStarted({ trouble, why, cause }: RunResult, directory: string | undefined): Error {
  if (trouble === 'folder_absent') {
    return new AichorError('usage', `the directory ${directory} does not exist`, {
      hint: 'name a clone with --repo-dir',
    });
  }
  if (trouble !== 'absent') return new Error(why, { cause });
  return new AichorError('engine_unavailable', 'commits are read with Git, and there is no `git` on PATH', {
    hint: 'install Git, or submit the directory with `aichor experiments submit local`',
    cause,
  });
}

/** The line that says what is wrong: the first `fatal:` or `error:`, else the last one. */
function reasonOf(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const at = lines.findIndex((line) => /^(fatal|error|remote: error|ERROR):? /.test(line));
  // Of ssh Git only says that it ended; why stands before that.
  const isOfSsh = lines[at]?.startsWith('fatal: Could not read from remote repository') === true;
  const named = isOfSsh && at > 0 ? lines[at - 1] : lines[at];
  return maskCredentials((named ?? lines.at(-1) ?? 'no reason given').replace(/^(fatal|error): /, ''));
}

const BEGINNING = 'aichor-git-';

/** Calls `work` with a folder that only this user may enter, and that is gone afterwards; it bears the number of this process. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `${BEGINNING}${process.pid}-`));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes what processes of this user that were killed have left, as far as it can: a key may be in it. */
export async function removeLeftFolders(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = new RegExp(`^${BEGINNING}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || signalProcess(Number(pid), 0)) continue;
    // Another user's stay: nothing of them can be removed.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}
