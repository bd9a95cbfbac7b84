import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { readIfThereSync } from '../../../base/io/files-sync.ts';
import { outputSync } from '../../../base/io/run-sync.ts';
import { systemErrorCode } from '../../../errors.ts';
import { isIgnored, noRules, withRules, type Rules } from './rules.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What Git's rules outside a directory say about it. */
export interface OuterRules {
  /** The user's own excludes, the repository's `info/exclude`, every `.gitignore` above the root. */
  rules: Rules;
  /** Top of the working tree that `root` is in, or null outside any. */
  repository: string | null;
  /** All that the rules were made of, and where they hold. */
  texts: (string | null)[];
}

/**
 * Rules that hold in `root` but do not lie in it. When they ignore `root` itself (an experiment inside a
 * `build/` folder), they say nothing about what to pack, and are left aside.
 */
export function outerRules(root: string, env: Env): OuterRules {
  const real = realpathSync(root);
  const top = repositoryAround(real);
  if (top === null) return { rules: noRules(), repository: null, texts: [] };
  const fromTop = relative(top, real).split(sep).filter(Boolean);
  let rules = noRules();
  const texts: (string | null)[] = [real, top];
  const add = (text: string | null, file: string, folder = '') => {
    texts.push(text);
    if (text !== null) rules = withRules(rules, text, { file, folder });
  };
  add(userExcludes(env), "Git's core.excludesFile");
  add(readOptional(join(commonFolder(top), 'info', 'exclude')), '.git/info/exclude');
  for (let depth = 0; depth < fromTop.length; depth++) {
    const folder = fromTop.slice(0, depth).join('/');
    const file = `${'../'.repeat(fromTop.length - depth)}.gitignore`;
    add(readOptional(join(top, folder, '.gitignore')), file, folder);
  }
  const path = fromTop.join('/');
  if (path === '') return { rules, repository: top, texts };
  return {
    rules: isIgnored(path, true, rules) ? noRules() : { ...rules, prefix: `${path}/` },
    repository: top,
    texts,
  };
}

/** Git's list of what it tracks, which changes whenever that does. */
export function gitIndexOf(top: string): string {
  return join(gitFolder(top), 'index');
}

function repositoryAround(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (dirname(at) === at) return null;
  }
}

/** Where `info/` is: `.git` itself, or what a linked working tree's `.git` file leads to. */
export function commonFolder(top: string): string {
  const folder = gitFolder(top);
  const common = readOptional(join(folder, 'commondir'));
  return common === null ? folder : resolve(folder, common.trimEnd());
}

/** `.git`, or the folder that a linked working tree's or a submodule's `.git` file leads to. */
export function gitFolder(top: string): string {
  const dotGit = join(top, '.git');
  if (statSync(dotGit).isDirectory()) return dotGit;
  const text = readFileSync(dotGit, 'utf8');
  return resolve(top, text.replace(/^gitdir: /, '').trimEnd());
}

/** The file that `core.excludesFile` names, by default `git/ignore` among the user's settings. */
function userExcludes(env: Env): string | null {
  const home = env['HOME'];
  if (!home) return null;
  const settings = join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'git');
  const configs = [join(home, '.gitconfig'), join(settings, 'config')].map(
    (path) => readOptional(path) ?? '',
  );
  const said = configs.some((text) => /excludesfile/i.test(text)) ? excludesFileOf(env, home) : null;
  return readOptional(said ?? join(settings, 'ignore'));
}

/** Asked of Git itself, because its settings include each other. */
function excludesFileOf(env: Env, home: string): string | null {
  // Null: not set after all. No Git: its settings mean nothing here.
  return outputSync('git', ['config', '--global', '--type=path', '--get', 'core.excludesFile'], {
    env,
    cwd: home,
  });
}

/** The text of a file that may be missing, null then. */
export function readOptional(path: string): string | null {
  try {
    return readIfThereSync(path);
  } catch (error) {
    if (systemErrorCode(error) === 'EISDIR') return null;
    throw error;
  }
}
