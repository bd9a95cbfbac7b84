/** A value in a message: short, and clear about its kind (`the text "four"`, `the number 2.4`, `a list`). */
export function described(value: unknown, source: string | null = null): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return `${source ?? String(value)}`;
  return `the ${typeof value} ${source ?? String(value)}`;
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

/** `a`, `a or b`, `a, b or c`. */
export function oneOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** How to name the map that a path leads to. */
export function placeName(place: string): string {
  return place === '' ? 'the manifest' : place;
}
