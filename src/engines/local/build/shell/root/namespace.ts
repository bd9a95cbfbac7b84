import { once } from 'node:events';
import { startChild } from '../../../../../base/io/start.ts';
import type { Entrance } from '../../../mounts/enter.ts';
import { enterRoot, type StageRoot } from './root.ts';

/** A root whose mounts stand until it is left: commands enter it, which takes less than making them each time. */
export interface Namespace {
  /** The words before a command that make the root its own, in a folder of it. */
  words(folder: string): string[];
  /** Resolves when the mounts are gone. */
  leave(): Promise<void>;
}

/** It says that the mounts stand, and holds them until nobody listens any more. */
const HOLD = 'echo; read -r _';
/** Without what `cd` leaves behind: the command begins in that folder, as in an image. */
const IN_FOLDER = 'umask 022; cd "$0" && unset OLDPWD && exec "$@"';

/**
 * Makes the mounts of a root.
 *
 * @param env of the process that holds them: by its marks it is found when this one is killed
 * @throws Error when this machine does not allow them; its message says why
 */
export async function openNamespace(
  { entrance, nsenter }: { entrance: Entrance; nsenter: string },
  { root, plan, env }: { root: StageRoot; plan: string; env: Record<string, string> },
): Promise<Namespace> {
  const enter = enterRoot(entrance, { root, plan });
  const [program = '', ...words] = enter;
  const holder = startChild(program, [...words, '/bin/sh', '-c', HOLD], { env, cwd: '/', stdio: 'pipe' });
  const ended = new Promise<string>((resolve) => {
    holder.once('error', ({ message }) => resolve(message));
    holder.once('exit', (code) => resolve(`the mounts ended with ${code}`));
  });
  let said = '';
  holder.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ready = holder.stdout === null ? ended : once(holder.stdout, 'data').then(() => null);
  const failed = await Promise.race([ready, ended]);
  if (failed !== null) throw new Error(said.trim() || failed);
  const { user } = entrance;
  const asRoot = user === null ? [] : ['--user', '--preserve-credentials'];
  const target = [`--target=${holder.pid}`, '--mount', ...asRoot, '--root', '--wd'];
  return {
    words: (folder) => [nsenter, ...target, ...inFolder(folder)],
    async leave() {
      holder.stdin?.end();
      await ended;
    },
  };
}

function inFolder(folder: string): string[] {
  return ['/bin/sh', '-c', IN_FOLDER, folder];
}
