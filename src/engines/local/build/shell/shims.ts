import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isThereSync, removeAllSync } from '../../../../base/io/files-sync.ts';
import {
  ENVIRONMENT_RUNNERS,
  RUNNER_OPTIONS,
  RUNNER_OPTIONS_BEFORE,
} from '../../../../dockerfile/run/system-command.ts';
import { PRIVATE } from './root/root.ts';

/** Where RUN lines find the programs that stand for installers, and the environment's own. */
export const SHIM_FOLDER = `${PRIVATE}/venv/bin`;
const REQUESTS = `${PRIVATE}/requests`;

/**
 * Hands its words, variables, folder and input to the engine, waits for the answer, and ends as that says. Only a
 * shell's own means and `cat`, `mkdir`, `mkfifo`, `mv`: every image's machine has them.
 */
const ASK = `#!/bin/sh
n=$$-$(cat /proc/sys/kernel/random/uuid)
d=${REQUESTS}/new-$n
mkdir "$d" || exit 125
i=0
for w in "\${0##*/}" "$@"; do
  case $w in
    /dev/fd/*|/proc/self/fd/*|/dev/stdin|-) if [ "$i" -gt 0 ]; then
      if [ "$w" = - ]; then cat > "$d/input-$i"; else cat "$w" > "$d/input-$i"; fi
      w=${REQUESTS}/ask-$n/input-$i
    fi ;;
  esac
  printf '%s\\0' "$w" >> "$d/words"
  i=$((i+1))
done
cat /proc/self/environ > "$d/environ" 2>/dev/null
pwd -P > "$d/folder"
mkfifo "$d/answer"
mv "$d" ${REQUESTS}/ask-$n
read -r code < ${REQUESTS}/ask-$n/answer
[ -f ${REQUESTS}/ask-$n/output ] && cat ${REQUESTS}/ask-$n/output
exit "$code"
`;

/** What is said to the engine when there is no environment yet. */
export const NEED_ENVIRONMENT = '--aichor-environment';

const PYTHON = (environment: string) => `#!/bin/sh
case "$1 $2" in
  "-m pip"|"-m venv"|"-m virtualenv"|"-m ensurepip") exec ${SHIM_FOLDER}/engine-python "$@" ;;
esac
[ -x '${environment}/bin/python' ] || ${SHIM_FOLDER}/engine-python ${NEED_ENVIRONMENT} </dev/null || exit 125
exec '${environment}/bin/python' "$@"
`;

/** \`uv run\` finds the environment made: it becomes the command. */
const UV = `#!/bin/sh
if [ "$1" = run ]; then
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --with|--extra|--group|--only-group|--no-group|--project|--directory|--python|-p|--package|--env-file|--index|--default-index) shift 2 ;;
      --) shift; break ;;
      -*) shift ;;
      *) break ;;
    esac
  done
  case $1 in *.py) exec ${SHIM_FOLDER}/python "$@" ;; esac
  exec "$@"
fi
exec ${SHIM_FOLDER}/engine-uv "$@"
`;

/** \`conda run\` and its like become the command; all else is asked. */
const RUNNER = `#!/bin/sh
at=0 folder= next= verb=
for word; do
  at=$((at+1))
  case $next in
    folder) folder=$word next=; continue ;;
    other) next=; continue ;;
  esac
  case $word in
    -C|--directory) next=folder ;;
    -C?*) folder=\${word#-C} ;;
    --directory=*) folder=\${word#*=} ;;
    ${RUNNER_OPTIONS_BEFORE.join('|')}) next=other ;;
    -*) ;;
    *) verb=$word; break ;;
  esac
done
[ "$verb" = run ] || exec ${SHIM_FOLDER}/engine-\${0##*/} "$@"
shift "$at"
[ -z "$folder" ] || cd "$folder" || exit 1
while [ $# -gt 0 ]; do
  case $1 in
    ${RUNNER_OPTIONS.join('|')}) shift 2 ;;
    --) shift; break ;;
    -*) shift ;;
    *) break ;;
  esac
done
exec "$@"
`;

/** A login shell makes its PATH anew: the shims come first in it too. */
const PROFILE = `PATH="${SHIM_FOLDER}:$PATH"
export PATH
`;

const SUDO = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in -u|-g) shift 2 ;; -*) shift ;; *=*) export "$1"; shift ;; *) break ;; esac
done
exec "$@"
`;

/**
 * What fetches uv, pip, conda or poetry has nothing to do: an empty file takes their installer's place, or nothing is printed. Of
 * all else the machine's own program is asked.
 */
const FETCH = `#!/bin/sh
name=\${0##*/}
case " $* " in
  *[Mm]iniconda*.sh*|*[Mm]iniforge*.sh*|*[Mm]ambaforge*.sh*|*/Anaconda3-*.sh*|*astral.sh/uv*|*get-pip.py*|*python-poetry*) ;;
  *)
    IFS=:
    for folder in $PATH; do
      [ "$folder" != ${SHIM_FOLDER} ] && [ -x "$folder/$name" ] && unset IFS && exec "$folder/$name" "$@"
    done
    echo "$name: not found" >&2
    exit 127 ;;
esac
file= folder= next=
[ "$name" = wget ] && named=- || named=
letters() {
  rest=$1
  while [ -n "$rest" ]; do
    letter=\${rest%"\${rest#?}"}
    rest=\${rest#?}
    case $name-$letter in
      wget-O|curl-o) next=file ;;
      wget-P) next=folder ;;
      curl-O) named=- ;;
      wget-[aABDeiIloQRtTUwX]|curl-[AbcCdDeEFHKmPQrtTuUwxXyYz]) next=other ;;
    esac
    [ -z "$next" ] || [ -z "$rest" ] || { value "$rest"; return; }
  done
}
value() {
  case $next in file) file=$1 ;; folder) folder=\${1%/}/ ;; esac
  next=
}
for word; do
  if [ -n "$next" ]; then value "$word"; continue; fi
  case $name-$word in
    wget---output-document|curl---output) next=file ;;
    wget---output-document=*|curl---output=*) file=\${word#*=} ;;
    wget---directory-prefix|curl---output-dir) next=folder ;;
    wget---directory-prefix=*|curl---output-dir=*) next=folder; value "\${word#*=}" ;;
    curl---remote-name) named=- ;;
    curl---*|wget---*) ;;
    curl--?*|wget--?*) letters "\${word#-}" ;;
    *-*://*) url=$word ;;
  esac
done
[ -n "$file" ] && [ "$name" = wget ] && folder=
if [ -z "$file" ] && [ -n "$named" ]; then
  file=\${url##*/}
  # wget gives what it fetches another name then.
  [ "$name" = wget ] && [ -e "$folder$file" ] && exit 0
fi
[ -z "$file" ] || [ "$file" = - ] || : > "$folder$file"
`;

const ACTIVATE = `VIRTUAL_ENV=${PRIVATE}/venv
export VIRTUAL_ENV
PATH="$VIRTUAL_ENV/bin:$PATH"
export PATH
deactivate() { :; }
`;

/** What changes only the image's system: users, packages, caches. */
const SYSTEM =
  'apt apt-get aptitude apk yum dnf microdnf zypper dpkg dpkg-reconfigure add-apt-repository apt-key apt-mark npm snap useradd groupadd adduser addgroup usermod groupmod userdel chown chgrp chpasswd passwd ldconfig update-ca-certificates update-alternatives locale-gen update-locale systemctl service virtualenv chsh fix-permissions unattended-upgrade'.split(
    ' ',
  );
const INSTALLERS = 'engine-uv engine-python'.split(' ');

/** Programs under these names, for a root whose Python goes by these versions (`3.x`): the one that is here, and the one that the image has. */
export function makeShims(
  folder: string,
  { environment, pythons }: { environment: string; pythons: readonly string[] },
): void {
  const bin = join(folder, 'venv', 'bin');
  removeAllSync(folder);
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(folder, 'requests'));
  const put = (name: string, text: string) => {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  };
  const pips = ['pip', 'pip3', ...pythons.map((python) => `pip${python}`)];
  const interpreters = ['python', 'python3', ...pythons.map((python) => `python${python}`)];
  for (const name of [...SYSTEM, ...INSTALLERS, ...pips]) put(name, ASK);
  for (const name of interpreters) put(name, PYTHON(environment));
  put('uv', UV);
  for (const name of ENVIRONMENT_RUNNERS) {
    put(name, RUNNER);
    put(`engine-${name}`, ASK);
  }
  put('sudo', SUDO);
  for (const name of ['curl', 'wget']) put(name, FETCH);
  put('activate', ACTIVATE);
  symlinkSync(join(environment, 'lib'), join(folder, 'venv', 'lib'));
  symlinkSync(join(environment, 'pyvenv.cfg'), join(folder, 'venv', 'pyvenv.cfg'));
  symlinkSync('bin', join(folder, 'venv', 'condabin'));
  // `conda activate` needs no function of the shell's here: the program does, too.
  mkdirSync(join(folder, 'venv', 'etc', 'profile.d'), { recursive: true });
  for (const name of ['conda.sh', 'mamba.sh'])
    writeFileSync(join(folder, 'venv', 'etc', 'profile.d', name), '');
  const profiles = join(folder, 'etc', 'profile.d');
  mkdirSync(profiles, { recursive: true });
  writeFileSync(join(profiles, 'zz-aichor.sh'), PROFILE);
  // By their paths of the image: what its own programs are there. A Python that this machine has stays: its programs need it.
  const absent = interpreters.filter((name) => !isThereSync(`/usr/bin/${name}`));
  for (const [place, names] of [
    ['usr/local/bin', [...interpreters, ...pips, 'uv']],
    ['usr/bin', [...absent, ...pips]],
  ] as const) {
    mkdirSync(join(folder, place), { recursive: true });
    for (const name of names) symlinkSync(join(SHIM_FOLDER, name), join(folder, place, name));
  }
}

/** Programs that packages brought are found beside the shims. */
export async function linkPrograms(folder: string, environment: string): Promise<void> {
  const bin = join(folder, 'venv', 'bin');
  const known = new Set(await readdir(bin));
  for (const name of await readdir(join(environment, 'bin')))
    if (!known.has(name) && !/^(?:python|pip|activate|Activate|deactivate)/.test(name))
      symlinkSync(join(environment, 'bin', name), join(bin, name));
}
