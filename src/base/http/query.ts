/** Parameters of an address. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** The end of an address, `?` included; empty without parameters. Lists become repeated keys, what is undefined is left out. */
export function searchOf(query: Query | undefined): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    if (typeof value === 'object') for (const item of value) search.append(key, item);
    else search.append(key, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}
