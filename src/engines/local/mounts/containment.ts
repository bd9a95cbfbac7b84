import { join } from 'node:path';
import { readIfPossible, readIfThere } from '../../../base/io/files.ts';
import { placeIfOther } from '../../../base/io/place.ts';
import { findProgram } from '../../../machine/find-program.ts';
import type { ProcessIdentity } from '../../../machine/processes.ts';
import { works, type Entrance } from './enter.ts';
import type { Bind } from './skeleton.ts';

/** How this machine lets pods have processes and a host name of their own. */
export interface Containment {
  entrance: Entrance;
  bash: string;
  nsenter: string | null;
}

/** Words that make the namespaces, from the outside in: what all pods of a start share, one pod, its command. */
export interface ContainmentWords {
  starter: string[];
  pod: string[];
  command: string[];
}

export function containmentWords({ entrance: { unshare, user } }: Containment): ContainmentWords {
  const asRoot = user === null ? [] : ['--user', '--map-root-user'];
  const again = user === null ? [] : [unshare, '--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`];
  return {
    // What the machine mounts later is seen in pods too.
    starter: [unshare, ...asRoot, '--mount', '--propagation', 'slave'],
    pod: [unshare, '--pid', '--uts'],
    command: [unshare, '--mount-proc', ...again],
  };
}

/** Finds out whether it is allowed here; null: it is not, or programs are missing. */
export async function findContainment(
  entrance: Entrance | null,
  env: Record<string, string | undefined>,
): Promise<Containment | null> {
  const path = `${env['PATH'] ?? ''}:/usr/bin:/bin`;
  const [bash, nsenter] = await Promise.all([findProgram('bash', path), findProgram('nsenter', path)]);
  if (entrance === null || bash === null) return null;
  const containment = { entrance, bash, nsenter };
  const { starter, pod, command } = containmentWords(containment);
  const script = `p=$1; shift; ("$@" && exit 0; exit 1)`;
  const [program = '', ...words] = [...starter, ...pod, 'sh', '-c', script, 'sh', 'p', ...command, 'true'];
  return (await works(program, words)) ? containment : null;
}

/**
 * A hosts file in which the pods of an experiment are this machine: programs look their own host name up.
 *
 * @returns where it is to be seen; none where the machine has none to begin with
 */
export async function placeHosts(directory: string, pods: readonly string[]): Promise<Bind[]> {
  const machines = await readIfThere('/etc/hosts');
  if (machines === null) return [];
  const path = join(directory, 'hosts');
  const lines = pods.map((pod) => `127.0.0.1 ${pod}\n`);
  await placeIfOther(path, `${machines.replace(/\n?$/, '\n')}${lines.join('')}`, { mode: 0o644 });
  return [{ source: path, target: '/etc/hosts' }];
}

/**
 * Words before a command that bring it to where a pod's is: its processes, its mounts, its folder.
 *
 * @param way `enter` gives it mounts like the pod's, where the pod has no processes of its own
 */
export async function wayInside(
  { identity }: { identity: ProcessIdentity | null },
  way: { containment: Containment | null; enter: readonly string[]; start: string },
): Promise<readonly string[]> {
  const { containment, enter, start } = way;
  if (containment === null || identity === null) return enter;
  return (await insideWords(containment, identity.pid, start)) ?? enter;
}

/** Words that run a command inside of a pod's namespaces, in a folder; null: it is not (any longer) there. */
export async function insideWords(
  { nsenter, entrance }: Containment,
  shim: number,
  folder: string,
): Promise<string[] | null> {
  if (nsenter === null) return null;
  // The shim's child is the first process of the namespace, and its child the command.
  const first = await firstChild(shim);
  const command = first === null ? null : await firstChild(first);
  if (command === null) return null;
  const user = entrance.user === null ? [] : ['--user', '--preserve-credentials'];
  const spaces = ['--mount', '--uts', '--pid', '--root', '--target', String(command)];
  return [nsenter, ...user, ...spaces, 'sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', folder];
}

async function firstChild(pid: number): Promise<number | null> {
  const children = await readIfPossible(`/proc/${pid}/task/${pid}/children`);
  return Number(children?.trim().split(' ')[0]) || null;
}
