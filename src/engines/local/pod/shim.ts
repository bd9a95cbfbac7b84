import { join } from 'node:path';
import { placeIfOther } from '../../../base/io/place.ts';
import { COMMAND_VARIABLE } from '../../../operators/command/launcher.ts';
import type { Processes } from '../../../machine/processes.ts';

/** Waits for room by a terminal on which nobody writes: a second at a time, with nothing started. Bash alone can. */
const WAIT = `trap : HUP INT QUIT USR1 USR2 ALRM TERM PIPE
exec 9<>/dev/ptmx || exec 9<>/dev/udp/127.0.0.1/9
until printf "%s\\n" "$2" >"$1.exit"; do
  [ -e "$1.pid" ] || break
  printf "%s\\n" "$2" >>"$1.pid" && break
  read -t 1 -u 9 _
done
kill -s KILL 0`;

/**
 * Runs one pod: `sh shim <base> <pod> <proc|ps> <boot id> <host name, or -> <given|users> [<word>…]`, as leader of
 * its own group. `users`: the words are followed by the user's command, with the shell that the launcher would take.
 *
 * - `<base>.pid` says who runs the pod. It is created exclusively, so of two shims for one pod one does nothing.
 * - A signal to the group reaches the shim too. It is caught, not ignored: the command gets the default action
 *   back, and the shell, which waits for a command in the foreground, goes on when that has ended.
 * - With a host name it stands on the threshold of a process namespace (and of one of host names): its first child is
 *   the first process there. When that ends, the system ends everything else in it, whatever became of it. The
 *   command is its second: the first process of a namespace would be deaf to SIGTERM.
 * - Complaints of the shell ("Killed", "Segmentation fault") are not the pod's output: they go nowhere. Only
 *   inside the parentheses is the standard error the pod's; dash would take it for its own outside of them.
 * - The exit code is one short line, written whole; when the disk has no room for it, or none for one more file, a second
 *   line of `<base>.pid`, whose block is there; where not even that can be written, one of the two as soon as there is
 *   room. On the threshold of a process namespace that has ended nothing can be started any more, not even a program that
 *   waits a second; but it can become another program, and bash waits by itself.
 * - At the end the whole group goes, the shim with it. While its leader lives, a group cannot be a stranger's.
 *
 * It starts no program beside the command (with `ps`: one), and leaves all variables but its own alone. On
 * descriptor 4 the starter's reports can be written.
 */
const SHIM = `trap : HUP INT QUIT USR1 USR2 ALRM TERM PIPE
exec 3>&2 2>/dev/null
_aichor_base=$1 _aichor_pod=$2 _aichor_way=$3 _aichor_boot=$4 _aichor_host=$5 _aichor_what=$6
shift 6
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
set -C
printf '%s %s %s\\n' $$ "$_aichor_boot" "$_aichor_start" >"$_aichor_base.pid" || {
  [ -e "$_aichor_base.pid" ] || printf '%s claim\\n' "$_aichor_pod" >&4
  exit 0
}
set +C
_aichor_run() {
  if [ "$_aichor_what" = given ]; then
    exec "$@"
  fi
  if command -v bash >/dev/null; then exec "$@" bash -c "$${COMMAND_VARIABLE}"; fi
  exec "$@" sh -c "$${COMMAND_VARIABLE}"
}
exec 4>&-
if [ "$_aichor_host" = - ]; then
  (_aichor_run "$@" 2>&3 3>&-)
else
  printf '%s' "$_aichor_host" >/proc/sys/kernel/hostname || hostname "$_aichor_host"
  (
    (_aichor_run "$@" 2>&3 3>&-)
    exit $?
  )
fi
_aichor_code=$?
until printf '%s\\n' "$_aichor_code" >"$_aichor_base.exit"; do
  [ -e "$_aichor_base.pid" ] || break
  printf '%s\\n' "$_aichor_code" >>"$_aichor_base.pid" && break
  if [ "$_aichor_host" = - ]; then sleep 1
  elif command -v bash >/dev/null; then exec bash -c '${WAIT}' bash "$_aichor_base" "$_aichor_code"; fi
done
kill -s KILL 0
`;

/**
 * Starts pods: reads records from its standard input and starts a shim for each, without waiting for it to run.
 * A record is lines: each field begins with a blank; `+` goes on with a field on the next line of its text; `!` ends the
 * record. Fields: name, folder, file for standard output, file for standard error, number of variables, the variables
 * (`NAME=value`), the words that run it. So nothing that comes from outside is ever read as shell.
 *
 * Its arguments are `jobs` or `one`, the program that mounts, and pairs: a file, and the path at which pods see it. On its standard output it says what cannot be started: `<pod> folder`, `<pod> log`. `jobs`: every pod
 * is a job of a bash with job control, which gives each a group of its own and the usual SIGINT, and descriptors that
 * somebody left open when the server was started are closed (255 is bash's own); when all have begun, nobody has its
 * standard output open any more; without, it becomes the only pod there
 * is in the records.
 */
const STARTER = `exec 4>&1 1>/dev/null
trap : HUP INT QUIT TERM PIPE
_aichor_mode=$1 _aichor_mount=$2
shift 2
while [ $# -gt 1 ]; do
  "$_aichor_mount" --bind "$1" "$2"
  shift 2
done
_aichor_nl='
'
if [ "$_aichor_mode" = jobs ]; then
  set -m
  for _aichor_field in /proc/self/fd/*; do
    case \${_aichor_field##*/} in
      0 | 1 | 2 | 4 | 255 | *[!0-9]*) ;;
      *) eval "exec \${_aichor_field##*/}>&-" ;;
    esac
  done
fi
_aichor_start() {
  _aichor_pod=$1 _aichor_out=$3 _aichor_err=$4 _aichor_left=$5
  cd "$2" || { printf '%s folder\\n' "$1" >&4; exit 0; }
  { true >>"$3" && true >>"$4"; } || { printf '%s log\\n' "$1" >&4; exit 0; }
  shift 5
  unset OLDPWD SHLVL
  while [ "$_aichor_left" -gt 0 ]; do
    export -- "$1"
    shift
    _aichor_left=$((_aichor_left - 1))
  done
  exec "$@" </dev/null >>"$_aichor_out" 2>>"$_aichor_err"
}
_aichor_open=
while IFS= read -r _aichor_line; do
  case $_aichor_line in
    +*)
      _aichor_field=$_aichor_field$_aichor_nl\${_aichor_line#+}
      continue
      ;;
  esac
  if [ -n "$_aichor_open" ]; then set -- "$@" "$_aichor_field"; fi
  _aichor_open=
  case $_aichor_line in
    ' '*) _aichor_field=\${_aichor_line# } _aichor_open=1 ;;
    *)
      if [ "$_aichor_mode" = jobs ]; then
        (_aichor_start "$@") &
      else
        _aichor_start "$@"
      fi
      set --
      ;;
  esac
done
exec 4>&-
wait
`;

/** The programs of the engine that run pods, where they lie in an experiment's folder. */
export interface PodPrograms {
  shim: string;
  starter: string;
}

export async function installPrograms(folder: string): Promise<PodPrograms> {
  const programs = { shim: join(folder, 'shim'), starter: join(folder, 'starter') };
  await placeIfOther(programs.shim, SHIM);
  await placeIfOther(programs.starter, STARTER);
  return programs;
}

export interface ShimCall {
  shim: string;
  base: string;
  pod: string;
  /** Null: no namespaces of its own. */
  hostName: string | null;
  /** Words before the command. */
  enter: readonly string[];
  /** Null: the user's. */
  command: readonly string[] | null;
}

/** The shim's arguments: where the pod's files are, how start times are told here, and what to run. */
export async function shimArguments(
  { shim, base, pod, hostName, enter, command }: ShimCall,
  processes: Pick<Processes, 'kind' | 'bootId'>,
): Promise<string[]> {
  const what = command === null ? 'users' : 'given';
  const place = [shim, base, pod, processes.kind, await processes.bootId(), hostName ?? '-', what];
  return [...place, ...enter, ...(command ?? [])];
}
