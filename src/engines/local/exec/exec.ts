import { randomUUID } from 'node:crypto';
import { sleep } from '../../../base/async/abort.ts';
import { start } from '../../../base/io/start.ts';
import { AichorError } from '../../../errors.ts';
import { findProgram } from '../../../machine/find-program.ts';
import type { ExecRequest, ExecSession } from '../../engine.ts';
import { wayInside } from '../mounts/containment.ts';
import type { LivePod } from '../pod/pod.ts';
import type { OpenAttempt } from '../shared/open-attempt.ts';
import { EXEC_MARK } from '../../exec.ts';
import { EXEC_PROGRAM, type ExecMode } from './program.ts';
import { sessionOf } from './session.ts';

/** Folders in which programs of the machine are, whatever PATH says. */
const USUAL = '/usr/bin:/bin:/usr/sbin:/sbin';

/**
 * `Engine.exec`: the command joins the processes, mounts, host name and variables of the pod, and carries its name, so that it is
 * ended with it. A Python program outside of the pod holds its streams (docs/dependencies.md says why).
 *
 * @param attemptNow the experiment's; undefined: none runs, or it has not been found again since the server was started
 * @param env the server's own: where Python is looked for first
 */
export async function execInPod(
  attemptNow: () => OpenAttempt | undefined,
  request: ExecRequest,
  env: Record<string, string | undefined>,
): Promise<ExecSession> {
  const { attempt, pod } = await livePod(attemptNow, request.pod);
  const prepared = await attempt.prepare(pod);
  const python = await findPython(env, prepared.env);
  const { columns, rows, term } = request.terminal ?? { columns: 80, rows: 24, term: null };
  const mark = randomUUID();
  const own = { ...(term !== null && { TERM: term }), [EXEC_MARK]: mark };
  const { stdin, terminal } = request;
  const contained = prepared.inside?.({ stdin, terminal: terminal !== null, variables: own });
  const way = contained ?? (await wayInside(pod, { ...prepared, containment: attempt.containment }));
  const isInside = contained === undefined && attempt.containment !== null && way !== prepared.enter;
  const { mode, before } = await modeOf(request, isInside, env);
  const words = [mode, String(columns), String(rows), mark, ...way, ...before, ...request.command];
  const child = await start(python, ['-I', '-S', '-c', EXEC_PROGRAM, ...words], {
    cwd: prepared.folder,
    env: { ...prepared.env, ...own },
    detached: true,
    stdio: [request.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  return sessionOf(child, request);
}

/** A pod that is on record as running is found, or is seen to run, within this time. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 50;

async function livePod(
  attemptNow: () => OpenAttempt | undefined,
  name: string,
): Promise<{ attempt: OpenAttempt; pod: LivePod }> {
  for (let waited = 0; waited <= PATIENCE_MS; waited += LOOK_EVERY_MS) {
    const attempt = attemptNow();
    const pod = attempt?.pods.find((each) => each.name === name);
    if (attempt !== undefined && pod?.phase === 'live' && pod.identity !== null) return { attempt, pod };
    if (pod?.phase === 'ended' || (attempt !== undefined && pod === undefined)) break;
    await sleep(LOOK_EVERY_MS);
  }
  throw new AichorError('conflict', `pod ${name} does not run`, {
    hint: 'a command can be run in a pod from when it has started until it has ended',
  });
}

/** Who makes the terminal, and the words with which that is done. */
async function modeOf(
  { terminal }: ExecRequest,
  isInside: boolean,
  env: Record<string, string | undefined>,
): Promise<{ mode: ExecMode; before: string[] }> {
  if (terminal === null) return { mode: 'pipes', before: [] };
  if (!isInside) return { mode: 'outside', before: [] };
  // Beside `nsenter` in the same package.
  const setsid = await findProgram('setsid', `${env['PATH'] ?? ''}:${USUAL}`);
  return setsid === null
    ? { mode: 'outside', before: [] }
    : { mode: 'inside', before: [setsid, '--ctty', '--wait'] };
}

/** The machine's, else the experiment's. Throws AichorError `engine_unavailable`. */
async function findPython(
  env: Record<string, string | undefined>,
  pods: Readonly<Record<string, string>>,
): Promise<string> {
  const path = [env['PATH'] ?? '', USUAL, '/usr/local/bin', pods['PATH'] ?? ''].join(':');
  const found = await findProgram('python3', path);
  if (found !== null) return found;
  throw new AichorError('engine_unavailable', 'a command in a pod takes a python3 on this machine', {
    hint: 'install Python 3, and make sure that it is on the PATH of the control plane',
  });
}
