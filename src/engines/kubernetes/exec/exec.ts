import { randomUUID } from 'node:crypto';
import { AichorError } from '../../../errors.ts';
import type { ExecRequest, ExecSession } from '../../engine.ts';
import { EXEC_GRACE_S, EXEC_MARK } from '../../exec.ts';
import { isClusterError } from '../api/cluster-error.ts';
import type { Cluster } from '../api/cluster.ts';
import type { ClusterDeps } from '../deps.ts';

/**
 * Becomes the command. The container has this shell, which runs its own command; it says 126 and 127 as everywhere, where the
 * node would only say that it failed. A terminal has its size before the command begins: what the API server is told of it comes later.
 */
const BECOME = `export ${EXEC_MARK}="$1"; [ -z "$2" ] || export TERM="$2"
[ -z "$3" ] || stty rows "$3" cols "$4" 2>/dev/null
shift 4; exec "$@"`;

/** Nobody but the program itself can end it: nodes let it run on when the connection is gone. */
const END = `marked() {
  found=1
  for p in /proc/[0-9]*; do
    grep -qs "${EXEC_MARK}=$1" "$p/environ" && kill "-$2" "\${p#/proc/}" 2>/dev/null && found=0
  done
  return $found
}
marked "$1" HUP
n=0; while [ $n -lt ${EXEC_GRACE_S} ] && marked "$1" 0; do sleep 1; n=$((n + 1)); done
marked "$1" KILL; :`;

const END_MS = 30_000;

/** `Engine.exec`: in the main container of the pod, through the API server, which asks for rights on `pods/exec`. */
export async function execInPod(
  deps: ClusterDeps,
  experimentId: string,
  { pod, command, stdin, terminal }: ExecRequest,
): Promise<ExecSession> {
  const found = deps.looked.get(experimentId)?.view.pods.find((each) => each.pod === pod);
  const { object = null, source = null } = found ?? {};
  if (object === null || source === null || object.gone || source.main.state?.running === undefined)
    throw new AichorError('conflict', `pod ${pod} does not run`, {
      hint: 'a command can be run in a pod from when it has started until it has ended',
    });
  const { cluster } = await deps.connected();
  const mark = randomUUID();
  const { term = '', rows = '', columns = '' } = terminal ?? {};
  const words = ['/bin/sh', '-c', BECOME, 'sh', mark, term, String(rows), String(columns), ...command];
  const place = { name: object.objectName, container: source.main.name };
  try {
    const session = await cluster.attach(place.name, {
      container: place.container,
      command: words,
      stdin,
      terminal,
    });
    return ending(session, () => endMarked(cluster, place, mark));
  } catch (error) {
    throw explained(error, pod);
  }
}

/** A session that is ended before its command has, or whose command nobody knows the end of: the command is ended, too. */
function ending(session: ExecSession, endCommand: () => Promise<void>): ExecSession {
  let isOver = false;
  const over = () => (isOver = true);
  // A connection that broke ends nothing in the container.
  session.ended.then(over, () => undefined);
  const ended = session.ended.catch((error: unknown) => {
    throw explained(error, 'it ran in');
  });
  ended.catch(() => undefined);
  return {
    ...session,
    ended,
    end() {
      session.end();
      // Of what cannot be ended there the cluster's own log says more.
      if (!isOver) endCommand().catch(() => undefined);
      over();
    },
  };
}

async function endMarked(
  cluster: Cluster,
  { name, container }: { name: string; container: string },
  mark: string,
): Promise<void> {
  const command = ['/bin/sh', '-c', END, 'sh', mark];
  await cluster.exec(name, { container, command, stdin: null, signal: AbortSignal.timeout(END_MS) });
}

function explained(error: unknown, pod: string): unknown {
  if (!isClusterError(error)) return error;
  const { status, message } = error;
  if (status === 404)
    return new AichorError('conflict', `pod ${pod} is gone: ${message}`, { hint: null, cause: error });
  const hint =
    status === 403
      ? 'the control plane needs get and create on pods/exec: aichor engines check says who lacks what'
      : 'aichor engines check looks at the cluster; kubectl exec goes the same way';
  return new AichorError('engine_unavailable', `the cluster does not run it: ${message}`, {
    hint,
    cause: error,
  });
}
