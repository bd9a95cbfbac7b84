import { formatBytes } from '../../base/text/bytes.ts';

/** How far a transfer of several files is. */
export interface TransferProgress {
  /** Some bytes went, or less than none: they have to go again. */
  moved(bytes: number): void;
  /** A file is there. */
  done(): void;
}

/** Tells of it a few times a second. @param show takes the text, which replaces the one before */
export function createProgressOf(
  all: { files: number; bytes: number },
  show: (text: string) => void,
): TransferProgress {
  let [files, bytes, shown] = [0, 0, 0];
  const tell = () => {
    const now = performance.now();
    if (now - shown < EVERY_MS) return;
    shown = now;
    show(`${files} of ${all.files} files, ${formatBytes(bytes)} of ${formatBytes(all.bytes)}`);
  };
  return {
    moved(some) {
      bytes = Math.max(0, bytes + some);
      tell();
    },
    done() {
      files++;
      tell();
    },
  };
}

const EVERY_MS = 200;
