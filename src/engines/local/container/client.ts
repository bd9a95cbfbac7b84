import { run, type RunResult } from '../../../base/io/run.ts';
import { AichorError } from '../../../errors.ts';
import type { ContainerProgram } from '../../../experiment/plan/plan.ts';
import { findProgram } from '../../../machine/find-program.ts';

/** The program that containers are made with here, and what it goes by. */
export interface ContainerClient {
  kind: ContainerProgram;
  /** Absolute path. */
  program: string;
  /** Its environment: what of the server's own says where and how it works. */
  env: Readonly<Record<string, string>>;
  /** Runs it to its end. That it fails is a result. */
  call(words: readonly string[], options?: CallOptions): Promise<RunResult>;
}

interface CallOptions {
  /** Variables beside its own. */
  env?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  timeoutMs?: number;
}

/** A machine that is busy with images may take its time; one that hangs must not take a server with it. */
const PATIENCE_MS = 120_000;

/** Variables that the programs themselves go by. */
const OF_CLIENT =
  /^(?:PATH|HOME|USER|LOGNAME|TMPDIR|LANG|LC_\w+|XDG_\w+|CONTAINERS?_\w+|DOCKER_\w+|BUILDAH_\w+|BUILDKIT_\w+|STORAGE_\w+|REGISTRY_AUTH_FILE|DBUS_SESSION_BUS_ADDRESS|SSL_CERT_(?:FILE|DIR)|(?:https?|no|all)_proxy|(?:HTTPS?|NO|ALL)_PROXY)$/;

/**
 * Finds the program on the server's PATH.
 *
 * @throws AichorError `engine_unavailable` when it is not there
 */
export async function findClient(
  kind: ContainerProgram,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ContainerClient> {
  const program = await findProgram(kind, `${env['PATH'] ?? ''}:/usr/bin:/bin`);
  if (program === null)
    throw new AichorError('engine_unavailable', `there is no program ${kind} on this machine`, {
      hint: `install ${kind}, or leave --container (setting container) out: then pods are processes`,
    });
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && OF_CLIENT.test(name)) own[name] = value;
  return {
    kind,
    program,
    env: own,
    call: (words, { env: more = {}, signal, timeoutMs = PATIENCE_MS } = {}) =>
      run(program, words, { env: { ...own, ...more }, cwd: '/', signal, timeoutMs }),
  };
}

/** What a call that failed said last, in one line. */
export function complaintOf({ stderr, why }: Pick<RunResult, 'stderr' | 'why'>): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const last = lines.findLast((line) => line !== '' && !line.startsWith("See '"));
  return (last ?? why).replace(/^Error: /, '').slice(0, 600);
}
