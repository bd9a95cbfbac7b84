import { signal } from '@preact/signals';
import { onReopened } from '../base/live.ts';

/** Whether the server has another console by now than this tab: what this one loads later may be gone. */
const isNewer = signal(false);

/** Looks whenever the server was away for a while: it may have come back as another one. */
export function watchForNewer(): void {
  const own = document.querySelector('script[src]')?.getAttribute('src');
  let isFirst = true;
  onReopened(() => {
    // Whoever was to sign in may have let the page stand for days.
    const isJustLoaded = isFirst && performance.now() < JUST_LOADED_MS;
    isFirst = false;
    if (isJustLoaded || own == null) return;
    // What does not come now is asked for the next time.
    fetch(location.pathname)
      .then(async (response) => {
        const script = response.ok ? scriptOf(await response.text()) : null;
        if (script !== null) isNewer.value = script !== own;
      })
      .catch(() => undefined);
  });
}

const JUST_LOADED_MS = 60_000;

/** The first script of a console's page; null: it is another page, such as that of a proxy at which one is to sign in. */
function scriptOf(html: string): string | null {
  return /<script\b[^>]*\ssrc="(\/assets\/main-[^"]+)"/.exec(html)?.[1] ?? null;
}

export function Newer() {
  if (!isNewer.value) return null;
  return (
    <span class="newer" role="status">
      A newer console is there.{' '}
      <button type="button" class="quiet" onClick={() => location.reload()}>
        Reload
      </button>
    </span>
  );
}
