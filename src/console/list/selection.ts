import { signal, type ReadonlySignal, type Signal } from '@preact/signals';

/** What is selected in the list, and which row keys are for. */
export interface ListSelection {
  ids: Signal<ReadonlySet<string>>;
  current: Signal<string | null>;
  /** @param isRange all from the one that was selected last (shift) */
  toggle(id: string, isRange: boolean): void;
  toggleCurrent(): void;
  move(by: number): void;
  clear(): void;
}

export function createSelection(shown: ReadonlySignal<readonly string[] | null>): ListSelection {
  const ids = signal<ReadonlySet<string>>(new Set());
  const current = signal<string | null>(null);
  let last: string | null = null;
  const toggle = (id: string, isRange: boolean) => {
    const next = new Set(ids.value);
    const isOn = !next.has(id);
    for (const each of isRange ? between(shown.value ?? [], last ?? id, id) : [id]) {
      if (isOn) next.add(each);
      else next.delete(each);
    }
    last = id;
    ids.value = next;
  };
  return {
    ids,
    current,
    toggle,
    toggleCurrent: () => current.value !== null && toggle(current.value, false),
    move(by) {
      const all = shown.value ?? [];
      const at = current.value === null ? -1 : all.indexOf(current.value);
      const next = at === -1 ? (by > 0 ? 0 : all.length - 1) : at + by;
      current.value = all[Math.min(all.length - 1, Math.max(0, next))] ?? null;
    },
    clear() {
      ids.value = new Set();
      current.value = null;
    },
  };
}

/** Both ends with them, whichever stands higher. */
function between(all: readonly string[], a: string, b: string): readonly string[] {
  const [from, to] = [all.indexOf(a), all.indexOf(b)].toSorted((x, y) => x - y);
  return from === undefined || to === undefined || from === -1 ? [b] : all.slice(from, to + 1);
}
