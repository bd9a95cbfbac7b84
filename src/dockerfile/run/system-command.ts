/** What a command that changes the image's system, and not the code's files or packages, is for a run without one. */
export type SystemCommand =
  /** It would change nothing that a process could see. */
  | { kind: 'nothing' }
  /** It would, and cannot here. */
  | { kind: 'not-done'; what: string };

/** Users, owners, caches, talk: they mean nothing to processes of one user. */
const WITHOUT_EFFECT =
  /^(useradd|groupadd|adduser|addgroup|usermod|groupmod|userdel|deluser|passwd|chpasswd|chown|chgrp|ldconfig|update-ca-certificates|locale-gen|update-locale|dpkg-reconfigure|sync|sleep|hash|pwd|update-alternatives|apt-mark|chsh|fix-permissions|unattended-upgrade)$/;

/** Programs that install into the image's system, or make environments that are not used here. */
const INSTALLERS =
  /^(apt|apt-get|aptitude|dpkg|apk|yum|dnf|microdnf|zypper|conda|mamba|micromamba|poetry|pipenv|pdm|pixi|npm|snap|rpm|add-apt-repository|apt-key|debconf-set-selections)$/;

/** Packages that a machine of somebody who works has, or that only an image's surroundings ask for. */
const OF_EVERY_MACHINE =
  /^(?:wget|curl|ca-certificates|tzdata|locales|gnupg2?|sudo|nano|vim|less|apt-utils|apt-transport-https|lsb-release|software-properties-common|python3-(?:pip|venv|setuptools|wheel))$/;

/** Null: it is none of them. */
export function readSystemCommand(words: readonly string[]): SystemCommand | null {
  const [program = '', ...rest] = words;
  const name = baseName(program);
  if (WITHOUT_EFFECT.test(name) || isToolSetup(name, words)) return { kind: 'nothing' };
  if (!INSTALLERS.test(name)) return null;
  const operands = rest.filter((word) => !word.startsWith('-'));
  const isChange =
    /^(?:poetry|pipenv)$/.test(name) && /^(?:update|uninstall|remove)$/.test(operands[0] ?? '');
  if (!isChange && isUpkeep(name, operands)) return { kind: 'nothing' };
  const [verb, ...packages] = operands;
  // `poetry install` names none, and installs a project.
  if (verb === 'install' && packages.length > 0 && packages.every((each) => OF_EVERY_MACHINE.test(each)))
    return { kind: 'nothing' };
  const telling = operands.filter((each, index) => index === 0 || !OF_EVERY_MACHINE.test(each));
  const shown = telling.slice(0, 4);
  const more = telling.length > shown.length ? ' …' : '';
  return { kind: 'not-done', what: `${[name, ...shown].join(' ').slice(0, 80)}${more}` };
}

export function baseName(program: string): string {
  return program.slice(program.lastIndexOf('/') + 1);
}

/** Lists and caches of packages, settings, versions. */
function isUpkeep(name: string, operands: readonly string[]): boolean {
  if (operands.length === 0) return true;
  if (name === 'add-apt-repository' || name === 'apt-key' || name === 'debconf-set-selections') return true;
  // To switch an environment on, or to list them: there is one.
  if (
    /^(?:conda|mamba|micromamba)$/.test(name) &&
    /^(?:(?:de)?activate|list|search|shell(?:\..*)?)$/.test(operands[0] ?? '')
  )
    return true;
  if (operands[0] === 'env' && /^(?:config|export|info|list|remove|use)$/.test(operands[1] ?? ''))
    return true;
  return /^(update|upgrade|dist-upgrade|full-upgrade|purge|remove|uninstall|clean|autoclean|autoremove|makecache|config|init|info|cache|self|--version)$/.test(
    operands[0] ?? '',
  );
}

/** uv and pip are brought here otherwise; what fetches them has nothing to do. */
function isToolSetup(name: string, words: readonly string[]): boolean {
  const line = words.join(' ');
  if (/^(curl|wget)$/.test(name)) return /astral\.sh\/uv|get-pip\.py|get\.pip/.test(line);
  if (/^(sh|bash)$/.test(name)) return /uv-installer|uv-install/.test(line);
  const isPython = /^(python3?(\.\d+)?)$/.test(name);
  if (isPython && /\bget-pip\.py\b/.test(line)) return true;
  return isPython && /^-m (ensurepip|compileall)\b/.test(words.slice(1).join(' '));
}

/** Programs that run another one in an environment of theirs: `conda run -n train python x.py`. */
export const ENVIRONMENT_RUNNERS: readonly string[] = [
  'conda',
  'mamba',
  'micromamba',
  'poetry',
  'pipenv',
  'pdm',
  'pixi',
];

/** Options of their `run` that take the next word as their value. */
export const RUNNER_OPTIONS: readonly string[] =
  '-n --name -p --prefix -r --root-prefix --cwd -e --env --env-file --environment --manifest-path --project -a --attach --label'.split(
    ' ',
  );

/** Options before `run` that take the next word, and change nothing for what is run. */
export const RUNNER_OPTIONS_BEFORE: readonly string[] =
  '-P --project -p --manifest-path --python --pypi-mirror --root-prefix -r'.split(' ');

/** The words that such a program runs; null: it runs none, or in another folder. There is one environment here, whatever it is called. */
export function wordsRunInside(words: readonly string[]): readonly string[] | null {
  const [program = '', ...all] = words;
  let before = 0;
  while (all[before]?.startsWith('-') === true && !/^(?:-C|--directory)/.test(all[before] ?? ''))
    before += RUNNER_OPTIONS_BEFORE.includes(all[before] ?? '') ? 2 : 1;
  const [verb, ...rest] = all.slice(before);
  if (verb !== 'run' || !ENVIRONMENT_RUNNERS.includes(baseName(program))) return null;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? '';
    if (word === '--') return rest.slice(at + 1);
    if (!word.startsWith('-')) return rest.slice(at);
    if (RUNNER_OPTIONS.includes(word)) at++;
  }
  return null;
}
