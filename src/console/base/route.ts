import { computed, signal } from '@preact/signals';
import { isBrowser } from './kept.ts';

/** Where this tab is: everything that can be shared with somebody stands in its address. */
const address = signal(isBrowser ? here() : new URL('http://nowhere.invalid/'));

export const path = computed(() => address.value.pathname);
export const search = computed(() => address.value.searchParams);
export const hash = computed(() => address.value.hash);

function here(): URL {
  return new URL(location.href);
}

/** Says what the address is where there is no browser that has one. */
export function standAt(url: URL): void {
  address.value = url;
}

/** Goes to an address of the console; `replace` leaves no step back (a filter that is being typed). */
export function go(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const from = location.pathname;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  address.value = here();
  if (!replace && location.pathname !== from) scrollTo(0, 0);
}

/** Links are followed without loading the page again, unless somebody wants them elsewhere. */
export function followLinks(): void {
  addEventListener('popstate', () => (address.value = here()));
  addEventListener('hashchange', () => (address.value = here()));
  document.addEventListener('click', (event) => {
    const isPlain =
      event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!isPlain || event.defaultPrevented || !(event.target instanceof Element)) return;
    // One of a drawing is another kind of element: what it says of its address is an object.
    const link = event.target.closest('a');
    if (link === null || link.hasAttribute('target') || link.hasAttribute('download')) return;
    const to = new URL(link.getAttribute('href') ?? '', location.href);
    if (to.origin !== location.origin || to.pathname.startsWith('/v1/')) return;
    event.preventDefault();
    go(to.href);
  });
}

/** A part of an address; as it stands where it is no text that was encoded. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
