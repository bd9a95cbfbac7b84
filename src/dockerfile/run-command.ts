/** What a command of RUN that installs no Python package is for a run without a container. */
export type Standing =
  /** It prepares folders: done here too. */
  | { kind: 'folders'; paths: string[] }
  | { kind: 'change-folder'; path: string }
  /** Made executable: honoured where the files are of the context. */
  | { kind: 'executable'; paths: string[] }
  /** It would change nothing that a process could see. */
  | { kind: 'nothing' }
  /** It would, and cannot here. */
  | { kind: 'not-honoured'; what: string };

/** Preparation of an image that means nothing to processes: users, caches, environments made by hand, talk. */
const WITHOUT_EFFECT =
  /^(true|:|set|echo|printf|export|unset|source|\.|rm|rmdir|ln|find|chown|chgrp|useradd|groupadd|adduser|addgroup|usermod|test|\[|\[\[|ls|cat|pwd|exit|sleep|sync|ldconfig|update-ca-certificates|which|env|umask|hash|shopt)$/;

/** Programs whose first word alone tells too little. */
const WITH_VERB =
  /^(apt|apt-get|apk|yum|dnf|microdnf|conda|mamba|micromamba|poetry|pipenv|pdm|npm|git|make|pip|uv|python3?|tar|curl|wget)$/;

export function readRunCommand(words: readonly string[]): Standing {
  const [program = '', ...rest] = words;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const operands = rest.filter((word) => !word.startsWith('-'));
  if (name === 'mkdir') return { kind: 'folders', paths: operands };
  if (name === 'cd') return { kind: 'change-folder', path: operands[0] ?? '/' };
  if (name === 'chmod' && /^([ugoa]*\+[rw]*x|[0-7]?[1357][0-7]{2})$/.test(operands[0] ?? ''))
    return { kind: 'executable', paths: operands.slice(1) };
  if (name === 'chmod' || WITHOUT_EFFECT.test(name) || isPreparation(name, words)) return { kind: 'nothing' };
  return { kind: 'not-honoured', what: describe(name, rest) };
}

/** Making environments by hand, checking versions, cleaning up, bringing uv or pip. */
function isPreparation(name: string, words: readonly string[]): boolean {
  const line = words.join(' ');
  if (/^(python3?(\.\d+)?)$/.test(name) && /-m (venv|virtualenv|ensurepip|compileall)\b/.test(line))
    return true;
  if (words.length <= 3 && /(^| )(--version|-V|-v)$/.test(line)) return true;
  if (/^(apt|apt-get|yum|dnf|apk|conda|mamba)$/.test(name) && /\b(update|clean|autoremove|upgrade|autoclean)\b/.test(line)) return true; // prettier-ignore
  if (/^(curl|wget)$/.test(name) && /astral\.sh\/uv|get-pip\.py|get\.pip/.test(line)) return true;
  if (/^(sh|bash)$/.test(name) && (words.length === 1 || /uv-installer|install\.sh/.test(line))) return true;
  return name === 'virtualenv';
}

/** As it is called, shortened to what tells it apart. */
function describe(name: string, rest: readonly string[]): string {
  const operands = rest.filter((word) => !word.startsWith('-'));
  const shown = WITH_VERB.test(name) ? operands.slice(0, 4) : operands.slice(0, 1);
  const more = operands.length > shown.length ? ' …' : '';
  return `${[name, ...shown].join(' ').slice(0, 80)}${more}`;
}
