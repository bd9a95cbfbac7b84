import { signal } from '@preact/signals';
import type { ExperimentSummary } from '../../experiment/record.ts';
import { changesFrom, type LiveMessage } from './changes.ts';
import { forgetUntold } from './first.ts';

/** The address of the worker as it was built. */
declare const WORKER_URL: string;

/** Whether changes come just now; null: not known yet. */
export const isLive = signal<boolean | null>(null);

type Listener = (summary: ExperimentSummary) => void;
const listeners = new Set<Listener>();
const reopened = new Set<() => void>();

/** Calls with each change of any experiment; returns what ends that. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Calls when changes come again after a while without: what is shown may be old. */
export function onReopened(listener: () => void): () => void {
  reopened.add(listener);
  return () => void reopened.delete(listener);
}

let restart: (() => void) | null = null;
let isNew = false;

/** Somebody has signed in or out: the stream goes on as who sits here now. */
export function restartLive(): void {
  if (restart === null) isNew = true;
  else restart();
}

/** Where a page has no shared workers, each tab has a connection of its own. */
export function startLive(): void {
  if (typeof SharedWorker === 'undefined') {
    const changes = changesFrom(take);
    restart = changes.restart;
    return void changes.start();
  }
  const worker = new SharedWorker(workerUrl());
  const { port } = worker;
  port.addEventListener('message', ({ data }: MessageEvent<LiveMessage>) => take(data));
  port.start();
  port.postMessage(isNew ? 'restart' : 'start');
  restart = () => port.postMessage('restart');
  addEventListener('pagehide', () => port.postMessage('end'));
  addEventListener('pageshow', ({ persisted }) => persisted && port.postMessage('start'));
}

function take(message: LiveMessage): void {
  if (message.kind === 'change') return listeners.forEach((listener) => listener(message.summary));
  // What came before the first of them is not known to be all.
  const wasLive = isLive.value === true;
  isLive.value = message.kind === 'begun' ? null : message.kind === 'open';
  if (wasLive || !isLive.value) return;
  forgetUntold();
  reopened.forEach((listener) => listener());
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): string;
  };
}

/** The page's policy lets a script begin no other script but this one. */
function workerUrl(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy('aichor', {
    createScriptURL(url) {
      if (url === WORKER_URL) return url;
      throw new TypeError('not a script of the console');
    },
  });
  return policy === undefined ? WORKER_URL : policy.createScriptURL(WORKER_URL);
}
