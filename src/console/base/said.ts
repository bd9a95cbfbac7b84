import { signal } from '@preact/signals';
import { ApiRefusal } from './api.ts';

/** What is said at the edge of the page until it is read, or a while is over. */
export interface Said {
  kind: 'done' | 'failed';
  message: string;
  hint: string | null;
}

export const said = signal<Said | null>(null);

const SHOWN_MS = 8000;
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(message: string): void {
  show({ kind: 'done', message, hint: null });
  timer = setTimeout(() => (said.value = null), SHOWN_MS);
}

/** Failures stay until somebody takes them away. */
export function sayFailure(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  show({ kind: 'failed', message, hint: error instanceof ApiRefusal ? error.hint : null });
}

function show(next: Said): void {
  clearTimeout(timer);
  said.value = next;
}
