import { effect, signal } from '@preact/signals';
import { keep, kept } from '../base/kept.ts';

const KEY = 'aichor-log-wrap';

/** Whether long lines of logs are broken; it is remembered. */
export const isWrapped = signal(kept(KEY) === 'yes');

export function toggleWrapped(): void {
  isWrapped.value = !isWrapped.value;
}

effect(() => keep(KEY, isWrapped.value ? 'yes' : 'no'));
