import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../errors.ts';

/**
 * Room on the state's disk that is kept for the day when it is full: without it nothing could be recorded then, so that
 * neither could what fills the disk be ended nor room be made with this program.
 */
export interface Reserve {
  /** Something is about to be done that makes room: when the disk is full a piece is given back, and more of them later. */
  makeRoom(): void;
  /**
   * Makes what is missing of it while there is plenty of room, now and from time to time. When the disk fills up, that is
   * told, and after a while one piece is given back: what waits to write its last words (an exit code) can do so.
   */
  keep(onFull: () => void): void;
  stop(): void;
}

interface ReserveOptions {
  /** Bytes that may still be written there. */
  free?: (folder: string) => number;
}

const PIECES = 4;
const PIECE_BYTES = 2 * 1024 * 1024;
/** With less the disk counts as full. */
const FULL_BYTES = 1024 * 1024;
/** With less no reserve is made. */
const PLENTY_BYTES = 64 * 1024 * 1024;
const LOOK_EVERY_MS = 5000;
/** Whoever fills the disk is ended meanwhile, gently first, and may take the first pieces. */
const AGAIN_AFTER_MS = [1000, 5000, 35_000];

/** Gives a piece back at once when the disk is full: a server that begins has to write, too. */
export function openReserve(data: string, { free = freeBytes }: ReserveOptions = {}): Reserve {
  const folder = join(data, 'reserve');
  const timers = new Set<NodeJS.Timeout>();
  let keeping: NodeJS.Timeout | undefined;
  let full = 0;

  function giveBack(): void {
    if (free(data) >= FULL_BYTES) return;
    const piece = pieces(folder).at(-1);
    if (piece !== undefined) rmSync(join(folder, piece), { force: true });
  }

  function make(): void {
    try {
      if (free(data) < PLENTY_BYTES) return;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const there = new Set(pieces(folder));
      for (let piece = 0; piece < PIECES; piece++)
        if (!there.has(`${piece}`))
          writeFileSync(join(folder, `${piece}`), Buffer.alloc(PIECE_BYTES, 1), { mode: 0o600 });
    } catch (error) {
      // Without a reserve everything works that works without one.
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  function look(onFull: () => void): void {
    make();
    full = free(data) < FULL_BYTES ? full + 1 : 0;
    if (full === 1) onFull();
    if (full === 2 && pieces(folder).length === PIECES) giveBack();
  }

  giveBack();
  return {
    makeRoom() {
      giveBack();
      if (timers.size > 0 || free(data) >= FULL_BYTES + PIECE_BYTES) return;
      for (const ms of AGAIN_AFTER_MS) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          giveBack();
        }, ms);
        timers.add(timer.unref());
      }
    },
    keep(onFull) {
      look(onFull);
      keeping ??= setInterval(look, LOOK_EVERY_MS, onFull).unref();
    },
    stop() {
      clearInterval(keeping);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function pieces(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}
