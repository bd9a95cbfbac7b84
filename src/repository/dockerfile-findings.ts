import { didYouMean } from '../base/text/did-you-mean.ts';
import { readDockerIgnore } from '../dockerfile/tree/docker-ignore.ts';
import { severityOf, type DiagnosticCode } from '../manifest/codes.ts';
import type { Diagnostic } from '../manifest/diagnostic.ts';
import { innerPath } from '../manifest/inner-path.ts';
import type { RepositoryPaths } from './paths.ts';
import type { FoundDockerfile, ReadDockerfile } from './read-dockerfile.ts';

/** What no image build accepts, by its lines. */
export function refusedFindings({ dockerfile, image }: ReadDockerfile): Diagnostic[] {
  return image.refused.map(({ line, what }) =>
    finding(dockerfile, {
      code: 'dockerfile-refused',
      line,
      message: `no image build accepts this: ${what}`,
      hint: null,
    }),
  );
}

/** A Dockerfile or .dockerignore that is there, and that nobody can read. */
export function unreadableFinding(path: string, why: string): Diagnostic {
  return finding(
    { path, text: '' },
    {
      code: 'dockerfile-unreadable',
      line: 1,
      message: `it cannot be read (${why}), so that nothing is known of what it says`,
      hint: `have it readable by you: chmod u+r ${path}`,
    },
  );
}

/**
 * Files and folders that COPY or ADD name and the context does not have, or its .dockerignore leaves out. What is below a
 * link is passed over: where it leads is not known here.
 *
 * @param context folder of the repository that the build sees
 */
export function copyFindings(
  { dockerfile, image }: ReadDockerfile,
  context: string,
  paths: RepositoryPaths,
): Diagnostic[] {
  const isLeftOut = leavesOut(dockerfile, paths);
  const findings = new Map<string, Diagnostic>();
  for (const { line, path: source } of image.missing) {
    const place = innerPath(context, source);
    const key = `${line} ${source}`;
    if (place === null || findings.has(key)) continue;
    const isThere = hasPath(paths, place);
    if (isThere && !isLeftOut(source, place)) continue;
    const message = isThere
      ? `${source} is left out by .dockerignore, and copied here`
      : `${source} is not in the ${context === '.' ? 'repository' : `context ${context}`} as it is sent`;
    const hint = isThere ? `add "!${source}" to .dockerignore` : meant(source, context, paths);
    findings.set(key, finding(dockerfile, { code: 'copy-missing', line, message, hint }));
    if (findings.size === MOST_FINDINGS) break;
  }
  return [...findings.values()];
}

/** Enough to see what is wrong. */
const MOST_FINDINGS = 20;

function hasPath(paths: RepositoryPaths, place: string): boolean {
  if (paths.has(place) || hasFolder(paths, place)) return true;
  const parts = place.split('/');
  return parts.slice(1).some((_, index) => paths.has(parts.slice(0, index + 1).join('/')));
}

function hasFolder(paths: RepositoryPaths, place: string): boolean {
  if (paths.hasFolder) return paths.hasFolder(place);
  return paths.list().some((path) => path.startsWith(`${place}/`));
}

/** Whether the .dockerignore leaves out a source; a folder may have files that it lets in again. */
function leavesOut(
  { ignore }: FoundDockerfile,
  paths: RepositoryPaths,
): (source: string, place: string) => boolean {
  const isIgnored = readDockerIgnore(ignore ?? '');
  const letsIn = /^[ \t]*!/m.test(ignore ?? '');
  return (source, place) => isIgnored(source) && (!letsIn || paths.has(place));
}

/** Most paths that are compared with what was written. */
const MOST_COMPARED = 5000;

function meant(source: string, context: string, paths: RepositoryPaths): string {
  const below = context === '.' ? '' : `${context}/`;
  const files = paths.list().filter((path) => path.startsWith(below));
  const inside = files.slice(0, MOST_COMPARED).map((path) => path.slice(below.length));
  const folders = inside.flatMap((path) => {
    const parts = path.split('/').slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  });
  const name = source.slice(source.lastIndexOf('/') + 1);
  const near =
    didYouMean(source, [...new Set([...inside, ...folders])]) ??
    inside.find((path) => path.endsWith(`/${name}`));
  return near === undefined || near === null
    ? `correct the line, or add it; where an ignore rule leaves it out, "!${source}" in .aichorignore lets it in`
    : `did you mean ${near}?`;
}

function finding(
  { path, text }: Pick<FoundDockerfile, 'path' | 'text'>,
  { code, line, message, hint }: { code: DiagnosticCode; line: number; message: string; hint: string | null },
): Diagnostic {
  const length = text.split(/\r?\n/)[line - 1]?.length ?? 0;
  const place = { file: path, line, column: 1, end_line: line, end_column: length + 1 };
  return { severity: severityOf(code, false), code, path: '', message, hint, ...place };
}
