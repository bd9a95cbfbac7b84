/** Segments that are resolved before anybody sends them, and what some read as a slash: routes must not take one path for another. */
const AMBIGUOUS = /\\|\/(?:\.|%2e){1,2}(?=\/|$)/i;

/**
 * The path that a request asks for, as it is written but for what a URL cannot have.
 *
 * @param target of the request line: whatever the client wrote
 * @returns null: it is no path, or one that can be read in two ways
 */
export function pathOf(target: string): string | null {
  return addressOf(target)?.pathname ?? null;
}

/** The same with its query. Its host means nothing: that of a request stands in its header. */
export function addressOf(target: string): URL | null {
  const [written = ''] = target.split(/[?#]/, 1);
  if (AMBIGUOUS.test(written)) return null;
  // Two slashes at its beginning are no host, either.
  const url = target.startsWith('/') ? `http://any${target}` : target;
  return /^https?:\/\//i.test(url) && URL.canParse(url) ? new URL(url) : null;
}
