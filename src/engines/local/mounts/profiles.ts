import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfPossible } from '../../../base/io/files.ts';
import { placeIfOther } from '../../../base/io/place.ts';
import type { Notice } from '../../../experiment/record.ts';
import type { Bind } from './skeleton.ts';

/** Where login shells make their PATH anew: the system's, then the first of the user's that is there. */
const OF_THE_SYSTEM = '/etc/profile';
const OF_THE_USER = ['.bash_profile', '.bash_login', '.profile'];

/** What is said where a login shell cannot be given the image's programs. */
export const LOGIN_SHELL: Notice = {
  code: 'login_shell_path',
  message:
    'a login shell (bash -l, sh -l) makes its PATH anew from files of this machine, and may find its python instead of the experiment\u2019s with the packages; without -l (bash -c) it finds that',
};

/**
 * What login shells of pods read in the place of this machine's files: the same, and afterwards the experiment's own
 * programs come first again, as an image's own are found there by a login shell.
 *
 * @param programs folders that come first in PATH
 * @param state folder in which this engine has all others that it puts into PATH
 */
export async function placeProfiles({
  directory,
  programs,
  state,
  home,
}: {
  directory: string;
  programs: readonly string[];
  state: string;
  home: string | undefined;
}): Promise<Bind[]> {
  const users = home === undefined || home === '' ? [] : OF_THE_USER.map((name) => join(home, name));
  const binds: Bind[] = [];
  await mkdir(join(directory, 'profiles'), { recursive: true });
  for (const [index, path] of [OF_THE_SYSTEM, ...users].entries()) {
    if ((await readIfPossible(path)) === null) continue;
    const place = join(directory, 'profiles', String(index));
    const machines = `${place}.machine`;
    await placeIfOther(machines, '');
    // They read each other.
    const name = `_aichor_path_${index}`;
    await placeIfOther(place, profile(machines, { name, programs, state }), { mode: 0o644 });
    // First what was there is shown beside, so that it can still be read.
    binds.push({ source: path, target: machines }, { source: place, target: path });
  }
  return binds;
}

function profile(
  machines: string,
  { name, programs, state }: { name: string; programs: readonly string[]; state: string },
): string {
  const ours = [`${quoted(state)}/*`, ...programs.map(quoted)].join('|');
  const first = quoted(programs.map((folder) => `${folder}:`).join(''));
  return `${name}=$PATH
. ${quoted(machines)}
${name}=$${name}: _aichor_ours=
while [ -n "$${name}" ]; do
  _aichor_folder=\${${name}%%:*}
  ${name}=\${${name}#*:}
  case $_aichor_folder in
    ${ours}) _aichor_ours=$_aichor_ours$_aichor_folder: ;;
  esac
done
PATH=\${_aichor_ours:-${first}}$PATH
export PATH
unset ${name} _aichor_ours _aichor_folder
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
