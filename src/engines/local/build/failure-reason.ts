/** Longest reason that is put into an explanation; the log has the rest. */
const LIMIT = 600;

/**
 * The sentence in which an installer says why it failed: from its last line that begins an error (uv: `error:`,
 * `×`; pip: `ERROR:`) to the end, hints included, as one line. Null when there is no output.
 */
export function failureReason(output: string): string | null {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const last = lines.at(-1);
  if (last === undefined) return null;
  const start = lines.findLastIndex((line) => /^(error:|ERROR:|×|Error:)/.test(line));
  const first = firstOfRun(lines, start);
  const said = withoutTraceback(start === -1 ? lines.slice(-3) : lines.slice(first), lines)
    .join(' ')
    .replace(/\s+/g, ' ');
  const text = `${said}${notReached(output)}${versionFromGit(output)}`;
  return text.length <= LIMIT ? text : `${text.slice(0, LIMIT - 1)}…`;
}

/** A line in which Python says what went wrong. */
const EXCEPTION = /^(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Failure|Exit)\b(?:: |$)/;

/** Of a traceback the last line counts; where in the code it was is in the log. */
function withoutTraceback(said: readonly string[], all: readonly string[]): readonly string[] {
  const isTraceback = all.some((line) => line.startsWith('Traceback (most recent call last)'));
  const at = isTraceback ? all.findLastIndex((line) => EXCEPTION.test(line)) : -1;
  if (at === -1) return withWhatIsAbove(said, all);
  const after = all
    .slice(at, at + 3)
    .filter((line, index) => index === 0 || !/^(?:File "|Traceback|\[end of|note:|hint:|╰)/.test(line));
  const [first = ''] = said;
  return [...(EXCEPTION.test(first) || first.startsWith('File "') ? [] : [first]), ...after];
}

/** Of a program that failed inside of it pip says "See above": the last line of that one is what counts. */
function withWhatIsAbove(said: readonly string[], all: readonly string[]): readonly string[] {
  const cause = all[all.lastIndexOf('[end of output]') - 1] ?? all[causeBeforeBox(all)];
  const [first = ''] = said;
  if (cause === undefined || !said.some((line) => line.endsWith('See above for output.'))) return said;
  return [first, cause];
}

/** Where the output goes by as it comes, as Git's does, it stands before the first box. */
function causeBeforeBox(all: readonly string[]): number {
  return all.indexOf('error: subprocess-exited-with-error') - 1;
}

/** Why there is no version, and what to set. */
function versionFromGit(output: string): string {
  return /setuptools[-_]scm was unable to detect version|unable to detect version for|hatch[-_]vcs.*version/i.test(
    output,
  )
    ? ' (the version comes from Git, and a submitted directory has no .git: set SETUPTOOLS_SCM_PRETEND_VERSION by ENV or ARG in the Dockerfile before that line, or fallback_version in pyproject.toml)'
    : '';
}

/** Of an index that does not answer pip says only that it has no versions; why stands further up. */
function notReached(output: string): string {
  if (!/from versions: none\)/.test(output)) return '';
  const why = [...output.matchAll(/after connection broken by '(.*)': \S+$/gm)].at(-1)?.[1];
  return why === undefined
    ? ''
    : ` (the package index cannot be reached: ${/: ([^:]*)['"]\)+$/.exec(why)?.[1] ?? why})`;
}

/** pip says the same thing in several `ERROR:` lines, the first is the most exact. */
function firstOfRun(lines: readonly string[], start: number): number {
  let first = start;
  while (first > 0 && /^ERROR:/.test(lines[first] ?? '') && /^ERROR:/.test(lines[first - 1] ?? '')) first--;
  return first;
}
