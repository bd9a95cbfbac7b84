/** What of a Dockerfile is read at most: it is somebody else's text, and reading it keeps others waiting. */
const MOST_BYTES = 256 * 1024;
const MOST_INSTRUCTIONS = 1000;
const MOST_IGNORE_BYTES = 64 * 1024;

/** How deep `${A:-${B:-…}}` may be nested. */
export const DEEPEST_SUBSTITUTION = 50;
/** Characters that a text may have after variables were put in; no system starts a program with a longer one. */
export const LONGEST_VALUE = 128 * 1024;
/** Steps that taking a pattern out of a value may take. */
export const MOST_STEPS = 50_000_000;

/** What is too much of a Dockerfile or its .dockerignore, as the end of a sentence; null: nothing. */
export function tooMuch(text: string, ignore: string | null): string | null {
  if (text.length > MOST_BYTES)
    return `has ${kilobytes(text.length)}; ${kilobytes(MOST_BYTES)} are read at most`;
  if (ignore !== null && ignore.length > MOST_IGNORE_BYTES)
    return `has a .dockerignore of ${kilobytes(ignore.length)}; ${kilobytes(MOST_IGNORE_BYTES)} are read at most`;
  return null;
}

/** The same of its instructions. */
export function tooMany(instructions: number): string | null {
  if (instructions <= MOST_INSTRUCTIONS) return null;
  return `has ${instructions} instructions; ${MOST_INSTRUCTIONS} are read at most`;
}

function kilobytes(length: number): string {
  return `${Math.ceil(length / 1024)} KB`;
}

/** A Dockerfile of which nothing is read: there is too much of it. */
export class DockerfileTooLarge extends Error {
  override readonly name = 'DockerfileTooLarge';
}
