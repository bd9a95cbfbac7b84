import type { Selected } from './reader.ts';

/** The lines of a selection from one on, and so many: what a view shows of them. */
export interface LineWindow {
  /** Of the next records, those with a line in the window; of the lines of each only these. */
  take<Lines extends Selected>(batch: readonly Lines[]): Lines[];
  isFull(): boolean;
}

/** @param offset lines that are passed over @param limit lines that are taken */
export function createWindow(offset: number, limit: number): LineWindow {
  let left = limit;
  let over = offset;
  return {
    isFull: () => left <= 0,
    take<Lines extends Selected>(batch: readonly Lines[]): Lines[] {
      if (over === 0 && left === Number.POSITIVE_INFINITY) return [...batch];
      const taken: Lines[] = [];
      for (const selected of batch) {
        const { record, skip } = selected;
        const passed = Math.min(over, record.lines - skip);
        over -= passed;
        const from = skip + passed;
        const lines = Math.min(left, record.lines - from);
        if (lines <= 0) continue;
        left -= lines;
        taken.push({ ...selected, record: { ...record, lines: from + lines }, skip: from });
      }
      return taken;
    },
  };
}
