/** The server draws pages too, for browsers to show before any script of theirs runs: there is no browser then. */
export const isBrowser = typeof document !== 'undefined';

/** What this browser keeps of a choice; null: nothing. */
export function kept(key: string): string | null {
  return isBrowser ? localStorage.getItem(key) : null;
}

export function keep(key: string, value: string): void {
  if (isBrowser) localStorage.setItem(key, value);
}
