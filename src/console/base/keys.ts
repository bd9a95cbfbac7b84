/** What a key does on the page that is shown. */
export type Keys = Readonly<Record<string, () => void>>;

const ABOVE: Keys[] = [];
let first: { key: string; at: number } | null = null;

/** How long the second key of a pair may take. */
const PAIR_MS = 1000;

/** Until what is returned is called; a page that came later goes before the others. */
export function useKeysOf(keys: Keys): () => void {
  ABOVE.unshift(keys);
  return () => void ABOVE.splice(ABOVE.indexOf(keys), 1);
}

/** Keys mean something only where nobody writes, and nobody holds down a key of the browser's own. */
export function listenForKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key !== 'Escape' && isWriting(event.target)) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const before = first !== null && event.timeStamp - first.at < PAIR_MS ? `${first.key} ` : '';
    first = { key: event.key, at: event.timeStamp };
    for (const name of [before + event.key, event.key]) {
      const keys = ABOVE.find((each) => Object.hasOwn(each, name));
      if (keys === undefined) continue;
      event.preventDefault();
      keys[name]?.();
      return;
    }
  });
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches('input:not([type=checkbox]), textarea, select');
}
