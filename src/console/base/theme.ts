import { effect, signal } from '@preact/signals';
import { isBrowser, keep, kept } from './kept.ts';

type Theme = 'system' | 'light' | 'dark';
const ORDER: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'aichor-theme';

export const theme = signal<Theme>(ORDER.find((each) => each === kept(KEY)) ?? 'system');

export function cycleTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? 'system';
  keep(KEY, theme.value);
}

const YEAR_S = 31_536_000;

effect(() => {
  if (!isBrowser) return;
  document.documentElement.dataset['theme'] = theme.value;
  // The server draws in these colours what is seen first.
  const seconds = theme.value === 'system' ? 0 : YEAR_S;
  document.cookie = `${KEY}=${theme.value}; Path=/; Max-Age=${seconds}; SameSite=Lax`;
});
