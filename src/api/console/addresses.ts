/** Parameters of a query; a list is one parameter several times. Undefined: left out. */
export type Parameters = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The address of a route with its query, below the server. */
export function apiUrl(path: string, parameters: Parameters = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) search.append(name, String(each));
  }
  const query = search.size === 0 ? '' : `?${search}`;
  return `/v1${path}${query}`;
}
