import { run, type RunOptions, type RunResult } from '../base/io/run.ts';
import { AichorError } from '../errors.ts';
import { maskCredentials } from './mask.ts';

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
 * file system monitor, no `ext::` transport, no line ending conversion, no background maintenance.
 */
const SAFE_SETTINGS = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.autocrlf=false',
  'core.symlinks=true',
  'protocol.ext.allow=never',
  'gc.auto=0',
  'maintenance.auto=false',
  'advice.detachedHead=false',
  'init.defaultBranch=main',
];

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
  const words = [...[...SAFE_SETTINGS, ...settings].flatMap((setting) => ['-c', setting]), ...args];
  const result = await ran(words, { cwd: directory, env: gitEnvironment(env), signal });
  if (result.trouble !== null) throw notStarted(result, directory);
  return { ok: result.ok, stdout: result.stdout, reason: reasonOf(result.stderr) };
}

async function ran(words: readonly string[], options: RunOptions): Promise<RunResult> {
  try {
    return await run('git', words, options);
  } catch (error) {
    if (!options.signal?.aborted) throw error;
    throw new AichorError('interrupted', 'stopped while Git was at work', { hint: 'run the command again' });
  }
}

function gitEnvironment(env: Env): Record<string, string | undefined> {
  const own: Record<string, string | undefined> = { ...env };
  for (const name of LEADING_ASTRAY) delete own[name];
  // ssh asks on the terminal itself, where nobody may be.
  const ssh = `${env['GIT_SSH_COMMAND'] || 'ssh'} -oBatchMode=yes`;
  return {
    ...own,
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    ...(env['GIT_SSH'] ? {} : { GIT_SSH_COMMAND: ssh }),
  };
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
  const named = lines.find((line) => /^(fatal|error|remote: error|ERROR):? /.test(line));
  return maskCredentials((named ?? lines.at(-1) ?? 'no reason given').replace(/^(fatal|error): /, ''));
}
