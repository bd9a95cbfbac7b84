import { didYouMean } from '../../base/text/did-you-mean.ts';
import type { Explanation } from './explain.ts';

/** The repository that a command was run in, as far as it explains why something was not found. */
export interface RanRepository {
  /** Paths of its files, from the folder that the command starts in. */
  paths: readonly string[];
  /** Those of its scripts whose lines end in CR LF. */
  carriage_returns: readonly string[];
  /** What was run. */
  command: string;
}

/**
 * Why a program or file was not found, by what the repository has: lines that end in CR LF, a path of an image, a name
 * that is nearly that of a file. Null: the repository does not say. Pure.
 *
 * @param tail what was printed last
 */
export function explainMissing(
  { pod, code, repository }: { pod: string; code: number | null; repository?: RanRepository | undefined },
  tail: string,
): Explanation | null {
  if (repository === undefined || (code !== 127 && code !== 126 && code !== 2)) return null;
  const carriage = withCarriageReturns(repository, tail);
  const said = `${pod}: a command was not found (exit ${code})`;
  if (carriage !== null)
    return {
      reason: 'CommandNotFound',
      explanation: `${said}: the lines of ${carriage} end in CR LF, as on Windows, so that its first line asks for a program whose name ends in CR; sed -i 's/\\r$//' ${carriage} mends it, and "*.sh text eol=lf" in .gitattributes keeps it so`,
    };
  const missing = missingName(tail);
  if (missing === null) return null;
  const meant = missing.includes('/') || /\.\w+$/.test(missing) ? nearest(missing, repository.paths) : null;
  if (meant !== null)
    return {
      reason: code === 2 ? 'NonZeroExit' : 'CommandNotFound',
      explanation: `${pod}: there is no ${missing} (exit ${code}); did you mean ${meant}?`,
    };
  if (!missing.startsWith('/')) return null;
  const asked = asWritten(missing, repository.command);
  if (asked !== null)
    return {
      reason: code === 2 ? 'NonZeroExit' : 'CommandNotFound',
      explanation: `${pod}: there is no ${asked} in the folder that the command starts in (exit ${code}); check its name, and that it is sent: aichor experiments submit local --show-files`,
    };
  return {
    reason: code === 2 ? 'NonZeroExit' : 'CommandNotFound',
    explanation: `${pod}: there is no ${missing} (exit ${code}): it is a path of the image that this machine does not have; call it by its name alone (${missing.slice(missing.lastIndexOf('/') + 1)}), or have the Dockerfile make it`,
  };
}

/**
 * Why a file was not found that the program names by its path in the image, where nothing could be mounted: the
 * repository has it. Null: it has none of that path. Pure.
 *
 * @param error what the program said last of its failure
 */
export function explainImagePath(
  { pod, code, repository }: { pod: string; code: number | null; repository?: RanRepository | undefined },
  error: string | null,
): Explanation | null {
  if (repository === undefined || error === null || code === null || code === 0 || code > 125) return null;
  const missing = missingFile(error);
  if (missing === null) return null;
  const parts = missing.split('/').slice(1);
  const ends = parts.map((_, index) => parts.slice(index).join('/')).slice(1);
  const known = new Set(repository.paths);
  const meant = ends.find((path) => known.has(path));
  if (meant === undefined) return null;
  return {
    reason: 'NonZeroExit',
    explanation: `${pod} exited with code ${code}: there is no ${missing} on this machine; did you mean ${meant}, from the WORKDIR, in which the command starts?`,
  };
}

/** The absolute path of a file that a program of Python, or another one, has not found. */
export function missingFile(error: string): string | null {
  const found =
    /^FileNotFoundError: .*'(\/[^'\n]+)'$/m.exec(error) ??
    /^\S+: (?:cannot \w+ )?['‘]?(\/[^\n:'’]+)['’]?: No such file or directory$/m.exec(error);
  return found?.[1] ?? null;
}

/** A script with such lines, of which the output or the command speaks. */
function withCarriageReturns(
  { carriage_returns: scripts, command }: RanRepository,
  tail: string,
): string | null {
  const signs =
    /\r[':’]|\\r|\r: (?:command )?not found|: not found$|bad interpreter|required file not found/m;
  if (!signs.test(tail)) return null;
  const speaks = (text: string, path: string) => text.includes(path.slice(path.lastIndexOf('/') + 1));
  return scripts.find((path) => speaks(tail, path) || speaks(command, path)) ?? null;
}

/** The end of a path that the command names without a leading slash: Python tells where it looked for it. */
function asWritten(missing: string, command: string): string | null {
  const words = command.split(/[\s'"]+/).map((word) => word.replace(/^\.\//, ''));
  return words.find((word) => word !== '' && missing.endsWith(`/${word}`)) ?? null;
}

/** What shells, Python and `env` say of a program or file that is not there. */
function missingName(tail: string): string | null {
  const found = [
    ...tail.matchAll(
      /^\S+: (?:(?:line )?\d+: )?(?:exec: )?(\S+?): (?:(?:command )?not found|No such file or directory)$|can't open file '([^']+)'|(?:sh|bash|dash): \d+: (?:cannot open|Can't open) (\S+)/gm,
    ),
  ].at(-1);
  const name = found?.[1] ?? found?.[2] ?? found?.[3];
  return name === undefined ? null : name.replace(/[:'"‘’]+/g, '');
}

/** The file that was meant: by its path, or by its name alone. */
function nearest(missing: string, paths: readonly string[]): string | null {
  const plain = missing.replace(/^\.\//, '');
  const name = plain.slice(plain.lastIndexOf('/') + 1);
  const ending = /\.\w+$/.exec(name)?.[0] ?? '';
  const alike = paths.filter((path) => path.endsWith(ending) && path !== plain).slice(0, 5000);
  if (!plain.startsWith('/')) {
    const meant = didYouMean(plain, alike);
    if (meant !== null) return meant;
  }
  const named = alike.filter((path) => path === name || path.endsWith(`/${name}`));
  if (named.length > 0) return named[0] ?? null;
  return didYouMean(
    name,
    alike.filter((path) => !path.includes('/')),
  );
}

/** The file of a module that is in the repository, where Python does not look; null: there is none. */
export function moduleFile(module: string, paths: readonly string[]): string | null {
  const [top = ''] = module.split('.');
  if (!/^\w+$/.test(top)) return null;
  const inside = paths.filter((path) => path.endsWith('.py') && `/${path}`.includes(`/${top}/`));
  return paths.find((path) => `/${path}`.endsWith(`/${top}.py`)) ?? inside[0] ?? null;
}
