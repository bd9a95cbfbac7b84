/** The candidate that was probably meant: a third of the letters may differ, or the end be missing. Else null. */
export function didYouMean(word: string, candidates: readonly string[]): string | null {
  const folded = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(Math.min(word.length, 40) / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(folded, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return (
    best ??
    candidates.find((candidate) => word.length > 2 && candidate.toLowerCase().startsWith(folded)) ??
    null
  );
}

/** Edits (insert, remove, replace, swap neighbours) between two words; `limit` when there are that many or more. */
export function editDistance(from: string, to: string, limit = Infinity): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  const at = (cells: readonly number[], index: number) => cells[index] ?? Infinity;
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(row, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = swaps ? at(before, j - 2) + 1 : Infinity;
      next.push(Math.min(at(next, j - 1) + 1, at(row, j) + 1, replaced, swapped));
    }
    before = row;
    row = next;
  }
  return Math.min(at(row, to.length), limit);
}
