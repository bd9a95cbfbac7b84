import { run } from '../../../base/io/run.ts';
import { findProgram } from '../../../machine/find-program.ts';

/** Exit code of a pod whose mounts could not be made. */
const MOUNT_FAILED = 126;

/**
 * Makes the mounts of `$1`, then becomes `$3` with the rest of the words. The process stays the same from beginning to end, so that what watches it goes on doing so.
 */
const ENTER = `fstab=$1 mount=$2 unshare=$3
shift 3
"$mount" --all --fstab "$fstab" || exit ${MOUNT_FAILED}
cd /
exec "$unshare" "$@"
`;

/** How this machine lets a process have mounts of its own. */
export interface Entrance {
  mount: string;
  unshare: string;
  /** Root may without more; others as root of a user namespace, in which they are themselves again afterwards. */
  user: { uid: number; gid: number } | null;
}

/**
 * The words before a command that give it other mounts.
 *
 * @param isRootAlready in a user namespace that somebody else has made
 */
export function enterWords(
  { mount, unshare, user }: Entrance,
  place: { fstab: string; root: string; folder: string },
  isRootAlready = false,
): string[] {
  const outer = user === null || isRootAlready ? ['--mount'] : ['--mount', '--map-root-user'];
  const inner = user === null ? [] : ['--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`];
  return [
    unshare,
    ...outer,
    'sh',
    '-c',
    ENTER,
    'sh',
    place.fstab,
    mount,
    unshare,
    ...inner,
    '--root',
    place.root,
    '--wd',
    place.folder,
  ];
}

/** Finds out, or null: there is no such program here (another system), or it is not allowed. */
export async function findEntrance(
  env: Record<string, string | undefined>,
  user: { uid: number; gid: number },
): Promise<Entrance | null> {
  const path = `${env['PATH'] ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`;
  const [mount, unshare] = await Promise.all([findProgram('mount', path), findProgram('unshare', path)]);
  if (mount === null || unshare === null || process.platform !== 'linux') return null;
  const isRoot = user.uid === 0;
  const entrance = { mount, unshare, user: isRoot ? null : user };
  return (await works(unshare, isRoot ? ['--mount', 'true'] : ['--mount', '--map-root-user', 'true']))
    ? entrance
    : null;
}

/** Whether these words, which do nothing, end well: else it is not allowed here, or not known to this version. */
export async function works(program: string, words: readonly string[]): Promise<boolean> {
  return (await run(program, words, { env: process.env, timeoutMs: 20_000 })).ok;
}
