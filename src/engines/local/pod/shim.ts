import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { place } from '../../../base/io/place.ts';
import type { Processes } from '../../../machine/processes.ts';

/** Exit code of a shim that could not claim its pod though nobody else has. */
export const CLAIM_FAILED = 125;

/**
 * Runs one pod: `sh shim <base> <proc|ps> <boot id> <command…>`, as leader of its own session and group.
 *
 * - The claim decides who runs the pod: it is created exclusively, so of two shims for one pod one does nothing.
 * - A signal to the group reaches the shim too. It is caught, not ignored: the command gets the default action
 *   back, and the shell, which waits for a command in the foreground, goes on when that has ended.
 * - Complaints of the shell ("Killed", "Segmentation fault") are not the pod's output: they go nowhere. Only
 *   inside the parentheses is the standard error the pod's; dash would take it for its own outside of them.
 * - The exit code is one short line, written whole; when the disk is full, as soon as there is room.
 * - At the end the whole group goes, the shim with it. While its leader lives, a group cannot be a stranger's.
 *
 * It starts no program beside the command (with `ps`: one), and leaves all variables but its own alone.
 */
const SHIM = `trap : HUP INT QUIT USR1 USR2 ALRM TERM PIPE
exec 3>&2 2>/dev/null
_aichor_base=$1 _aichor_way=$2 _aichor_boot=$3
shift 3
set -C
printf '' >"$_aichor_base.claim" || {
  [ -e "$_aichor_base.claim" ] && exit 0
  exit ${CLAIM_FAILED}
}
set +C
_aichor_started() {
  case $_aichor_way in
    proc)
      IFS= read -r _aichor_line <"/proc/$$/stat"
      set -- \${_aichor_line##*) }
      shift 19
      _aichor_start=$1
      ;;
    *)
      set -- $(LC_ALL=C TZ=UTC0 ps -o lstart= -p $$)
      _aichor_start=$*
      ;;
  esac
}
_aichor_started
printf '%s %s %s\\n' $$ "$_aichor_boot" "$_aichor_start" >"$_aichor_base.pid"
(exec "$@" 2>&3 3>&-)
_aichor_code=$?
until printf '%s\\n' "$_aichor_code" >"$_aichor_base.exit"; do
  [ -e "$_aichor_base.claim" ] || break
  sleep 1
done
kill -s KILL 0
`;

/** Puts the shim's text into the folder and gives its path. */
export async function installShim(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'shim');
  await place(path, SHIM);
  return path;
}

/** The shim's arguments: where the pod's files are, how start times are told here, and what to run. */
export async function shimArguments(
  options: { shim: string; base: string; processes: Processes },
  command: readonly string[],
): Promise<string[]> {
  return [options.shim, options.base, options.processes.kind, await options.processes.bootId(), ...command];
}
