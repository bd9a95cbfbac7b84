import { signal } from '@preact/signals';
import type { ComponentChild, ComponentType } from 'preact';
import { sayFailure } from '../base/said.ts';
import { loadStyle, type StyleName } from './styles.ts';

/** A component that is loaded when it is first shown, or before. */
export interface Lazy<Props extends object> {
  Component: ComponentType<Props>;
  /** Resolves when it can be shown; what hinders that is said. */
  load(): Promise<void>;
}

interface LazyOptions {
  /** What it looks like: loaded with it. */
  styles?: readonly StyleName[];
  /** What stands there meanwhile. */
  meanwhile?: ComponentChild;
}

export function lazy<Props extends object>(
  get: () => Promise<ComponentType<Props>>,
  { styles = [], meanwhile = <p class="empty">Loading…</p> }: LazyOptions = {},
): Lazy<Props> {
  const loaded = signal<ComponentType<Props> | null>(null);
  let loading: Promise<void> | null = null;
  const load = () =>
    (loading ??= Promise.all([get(), ...styles.map(loadStyle)]).then(
      ([found]) => void (loaded.value = found),
      (error: unknown) => {
        // The next time it is shown it is tried again.
        loading = null;
        sayFailure(error);
      },
    ));
  function Component(props: Props) {
    const Found = loaded.value;
    if (Found !== null) return <Found {...props} />;
    void load();
    return <>{meanwhile}</>;
  }
  return { Component, load };
}
