import { createLineBuffer } from '../../../base/io/lines.ts';
import { startChild } from '../../../base/io/start.ts';
import { systemErrorCode } from '../../../errors.ts';
import type { Bind } from '../mounts/skeleton.ts';
import { POD_MARK } from './pod-environment.ts';

/** One pod that is to be started. */
export interface PodStart {
  name: string;
  folder: string;
  env: Readonly<Record<string, string>>;
  stdout: string;
  stderr: string;
  /** The program that runs it, and its arguments. */
  words: readonly string[];
}

export interface Launching {
  /** The starter's text. */
  starter: string;
  /** A bash, where there is one: it starts all pods; else each has a starter of its own. */
  bash: string | null;
  /** Words before the starter. */
  outside: readonly string[];
  /** Files that pods are to see at paths of others, and the program that mounts them there; null: none. */
  shown: { files: readonly Bind[]; mount: string } | null;
  /** A pod could not be started: why. */
  failed: (pod: string, why: string) => void;
  /** Everything that these pods have started has ended, as far as anybody can see from here. */
  ended: (pods: readonly string[]) => void;
}

/** Longest variable that the system hands to a program, its name and the last byte included; and all together. */
const LONGEST_VARIABLE = 128 << 10;
const LARGEST_ENVIRONMENT = 2_000_000;

/**
 * Starts pods that outlive this process, printing into files: no pipe that could fill or break. One small process
 * starts them all, because starting a program from here holds this process up until the other one runs.
 *
 * @returns when all have begun, or failed to: until then a pipe is open on which that is told
 */
export async function launchPods(pods: readonly PodStart[], launching: Launching): Promise<void> {
  const able = pods.filter((pod) => {
    const tooLarge = largestVariable(pod.env);
    if (tooLarge !== null) launching.failed(pod.name, tooLarge);
    return tooLarge === null;
  });
  if (able.length === 0) return;
  if (launching.bash !== null) return launch(able, launching.bash, launching);
  await Promise.all(able.map((pod) => launch([pod], null, launching)));
}

async function launch(pods: readonly PodStart[], bash: string | null, launching: Launching): Promise<void> {
  const { starter, outside, shown, failed, ended } = launching;
  const common = commonVariables(pods);
  const mode = bash === null ? 'one' : 'jobs';
  const shell = bash === null ? ['sh', starter] : [bash, '--norc', '--noprofile', starter];
  const files = shown?.files.flatMap(({ source, target }) => [source, target]) ?? [];
  const [program = 'sh', ...words] = [...outside, ...shell, mode, shown?.mount ?? '', ...files];
  const failAll = (error: unknown) => {
    for (const { name } of pods) failed(name, describeSpawnError(error));
  };
  try {
    const child = startChild(program, words, {
      cwd: '/',
      env: common,
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const begun = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.stdout?.once('close', resolve);
    });
    child.once('error', failAll);
    child.once('exit', (code) => {
      // It never started some: there can be no more processes.
      if (code !== 0 && code !== null) for (const { name } of pods) failed(name, TOO_MANY);
      ended(pods.map(({ name }) => name));
    });
    const lines = createLineBuffer();
    child.stdout?.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk).toString().split('\n')) report(line, failed);
    });
    // It may be gone before it has read everything: that is told by its exit.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(pods.map((pod) => record(pod, common)).join(''));
    child.unref();
    await begun;
  } catch (error) {
    failAll(error);
  }
}

const TOO_MANY = 'the limit on the number of processes is reached (ulimit -u)';

const REPORTS: Readonly<Record<string, string>> = {
  folder: 'its folder cannot be entered',
  log: 'its log cannot be written; is the disk full, or the folder gone?',
  claim: 'no file can be made in the folder of its attempt; is the disk full, or the folder gone?',
};

function report(line: string, failed: Launching['failed']): void {
  const [pod = '', what = ''] = line.split(' ');
  const why = REPORTS[what];
  if (why !== undefined) failed(pod, why);
}

/** What bash itself would act upon. */
const OF_BASH = new Set([
  'BASH_ENV',
  'ENV',
  'IFS',
  'PS4',
  'CDPATH',
  'GLOBIGNORE',
  'POSIXLY_CORRECT',
  'TMOUT',
]);

/** Variables that all have with the same value; the pods' names are left to each. */
function commonVariables(pods: readonly PodStart[]): Record<string, string> {
  const entries = Object.entries(pods[0]?.env ?? {}).filter(
    ([name]) => name !== POD_MARK && !OF_BASH.has(name),
  );
  return Object.fromEntries(entries.filter(([name, value]) => pods.every(({ env }) => env[name] === value)));
}

/** What the starter reads. */
function record(pod: PodStart, common: Record<string, string>): string {
  const own = Object.entries(pod.env).filter(([name]) => common[name] === undefined && isName(name));
  const variables = own.map(([name, value]) => `${name}=${value}`);
  const { name, folder, stdout, stderr, words } = pod;
  const fields = [name, folder, stdout, stderr, String(variables.length), ...variables, ...words];
  return `${fields.map((field) => ` ${field.replaceAll('\n', '\n+')}\n`).join('')}!\n`;
}

/** Shells pass no other names on. */
function isName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/** What went wrong when nothing could be started, in words. */
function describeSpawnError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  switch (systemErrorCode(error)) {
    case 'E2BIG':
      return 'its environment is too large';
    case 'EAGAIN':
      return TOO_MANY;
    case 'EMFILE':
    case 'ENFILE':
      return 'the limit on open files is reached (ulimit -n)';
    default:
      return `sh could not be started: ${message}`;
  }
}

function largestVariable(env: Readonly<Record<string, string>>): string | null {
  let all = 0;
  let largest = { name: '', bytes: 0 };
  for (const [name, value] of Object.entries(env)) {
    const bytes = Buffer.byteLength(value);
    all += Buffer.byteLength(name) + bytes + 2;
    if (bytes >= largest.bytes) largest = { name, bytes };
  }
  const { name, bytes } = largest;
  if (Buffer.byteLength(name) + bytes + 2 <= LONGEST_VARIABLE && all <= LARGEST_ENVIRONMENT) return null;
  return `its environment is too large; the largest variable is ${name} (${bytes} bytes; a single one may have 128 KiB)`;
}
