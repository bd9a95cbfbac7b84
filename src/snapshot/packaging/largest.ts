/** A file or a folder (final `/`) and what it weighs. */
export interface Weight {
  path: string;
  bytes: number;
}

/** The entries of the top two levels that weigh most: a folder full of small files is named as one. */
export function largestEntries(files: Iterable<Weight>, count = 5): Weight[] {
  const weights = new Map<string, number>();
  for (const { path, bytes } of files) {
    const name = topTwoLevels(path);
    weights.set(name, (weights.get(name) ?? 0) + bytes);
  }
  return [...weights]
    .map(([path, bytes]) => ({ path, bytes }))
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, count);
}

function topTwoLevels(path: string): string {
  const first = path.indexOf('/');
  const second = first < 0 ? -1 : path.indexOf('/', first + 1);
  return second < 0 ? path : path.slice(0, second + 1);
}
