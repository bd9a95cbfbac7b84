import { signal } from '@preact/signals';

/** Milliseconds since 1970, to the second; stands still while nobody sees it. */
export const now = signal(Date.now());

export function startClock(): void {
  const tick = () => {
    if (!document.hidden) now.value = Date.now();
  };
  setInterval(tick, 1000);
  document.addEventListener('visibilitychange', tick);
}
