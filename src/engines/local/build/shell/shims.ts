import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE } from './root.ts';

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

const PYTHON = (environment: string) => `#!/bin/sh
case "$1 $2" in
  "-m pip"|"-m venv"|"-m virtualenv"|"-m ensurepip") exec ${SHIM_FOLDER}/engine-python "$@" ;;
esac
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

const SUDO = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in -u|-g) shift 2 ;; -*) shift ;; *=*) export "$1"; shift ;; *) break ;; esac
done
exec "$@"
`;

const ACTIVATE = `VIRTUAL_ENV=${PRIVATE}/venv
export VIRTUAL_ENV
PATH="$VIRTUAL_ENV/bin:$PATH"
export PATH
deactivate() { :; }
`;

/** What changes only the image's system: users, packages, caches. */
const SYSTEM =
  'apt apt-get aptitude apk yum dnf microdnf zypper dpkg dpkg-reconfigure add-apt-repository apt-key apt-mark conda mamba micromamba poetry pipenv pdm pixi npm snap useradd groupadd adduser addgroup usermod groupmod userdel chown chgrp chpasswd passwd ldconfig update-ca-certificates update-alternatives locale-gen update-locale systemctl service virtualenv'.split(
    ' ',
  );
const INSTALLERS = 'pip pip3 engine-uv engine-python'.split(' ');

/** Programs under these names, for a root whose Python is `3.x`. */
export function makeShims(
  folder: string,
  { environment, python }: { environment: string; python: string },
): void {
  const bin = join(folder, 'venv', 'bin');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(folder, 'requests'));
  const put = (name: string, text: string) => {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  };
  for (const name of [...SYSTEM, ...INSTALLERS, `pip${python}`]) put(name, ASK);
  for (const name of ['python', 'python3', `python${python}`]) put(name, PYTHON(environment));
  put('uv', UV);
  put('sudo', SUDO);
  put('activate', ACTIVATE);
  symlinkSync(join(environment, 'lib'), join(folder, 'venv', 'lib'));
  symlinkSync(join(environment, 'pyvenv.cfg'), join(folder, 'venv', 'pyvenv.cfg'));
  // By their paths of the image: what its own programs are there.
  const local = join(folder, 'usr', 'local', 'bin');
  mkdirSync(local, { recursive: true });
  for (const name of ['python', 'python3', `python${python}`, 'pip', 'pip3', `pip${python}`, 'uv'])
    symlinkSync(join(SHIM_FOLDER, name), join(local, name));
}

/** Programs that packages brought are found beside the shims. */
export async function linkPrograms(folder: string, environment: string): Promise<void> {
  const bin = join(folder, 'venv', 'bin');
  const known = new Set(await readdir(bin));
  for (const name of await readdir(join(environment, 'bin')))
    if (!known.has(name) && !/^(?:python|pip|activate|Activate|deactivate)/.test(name))
      symlinkSync(join(environment, 'bin', name), join(bin, name));
}
