import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolderSync } from './files-sync.ts';
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
   * told (as is when little is left), and after a while one piece is given back: what waits to write its last words (an exit code) can do so.
   */
  keep(on: RoomTold): void;
  stop(): void;
}

/** Who is told how much room there is. */
export interface RoomTold {
  /** There is none: once, until there is some again. */
  full(): void;
  /** Little is left: once, as well. */
  low(): void;
  /** At each look while there is plenty. */
  plenty(): void;
}

interface ReserveOptions {
  /** Bytes that may still be written there. */
  free?: (folder: string) => number;
  /** Bytes of the whole disk. */
  total?: number;
}

const PIECES = 4;
/** At most; of a small disk (an allowance of some MB) each amount is a part. */
const PIECE_BYTES = 2 * 1024 * 1024;
const PIECE_PART = 1 / 50;
/** With less the disk counts as full. */
const FULL_BYTES = 1024 * 1024;
const FULL_PART = 1 / 100;
/** With less it is told that the disk is about to be full. */
const LOW_BYTES = 10e9;
const LOW_PART = 1 / 20;
/** With less no reserve is made. */
const PLENTY_BYTES = 64 * 1024 * 1024;
const PLENTY_PART = 1 / 2;
const LOOK_EVERY_MS = 5000;
/** Whoever fills the disk is ended meanwhile, gently first, and may take the first pieces. */
const AGAIN_AFTER_MS = [1000, 5000, 35_000];

/** Gives a piece back at once when the disk is full: a server that begins has to write, too. */
export function openReserve(
  data: string,
  { free = (place) => roomOn(place).free, total = roomOn(data).total }: ReserveOptions = {},
): Reserve {
  const pieceBytes = Math.floor(Math.min(PIECE_BYTES, total * PIECE_PART));
  const fullBytes = Math.min(FULL_BYTES, total * FULL_PART);
  const plentyBytes = Math.min(PLENTY_BYTES, total * PLENTY_PART);
  const folder = join(data, 'reserve');
  const timers = new Set<NodeJS.Timeout>();
  let keeping: NodeJS.Timeout | undefined;
  let full = 0;
  let low = false;

  function giveBack(): void {
    if (free(data) >= fullBytes) return;
    const piece = pieces(folder).at(-1);
    if (piece !== undefined) rmSync(join(folder, piece), { force: true });
  }

  /** True while there is plenty of room. */
  function make(): boolean {
    try {
      if (free(data) < plentyBytes) return false;
      makeFolderSync(folder, 0o700);
      const there = new Set(pieces(folder));
      for (let piece = 0; piece < PIECES; piece++)
        if (!there.has(`${piece}`))
          writeFileSync(join(folder, `${piece}`), Buffer.alloc(pieceBytes, 1), { mode: 0o600 });
      return true;
    } catch (error) {
      // Without a reserve everything works that works without one.
      if (systemErrorCode(error) === undefined) throw error;
      return false;
    }
  }

  function look(on: RoomTold): void {
    if (make()) on.plenty();
    const isLow = free(data) < Math.min(LOW_BYTES, total * LOW_PART);
    if (isLow && !low) on.low();
    low = isLow;
    full = free(data) < fullBytes ? full + 1 : 0;
    if (full === 1) on.full();
    if (full === 2 && pieces(folder).length === PIECES) giveBack();
  }

  giveBack();
  return {
    makeRoom() {
      giveBack();
      if (timers.size > 0 || free(data) >= fullBytes + pieceBytes) return;
      for (const ms of AGAIN_AFTER_MS) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          atNextLook(giveBack);
        }, ms);
        timers.add(timer.unref());
      }
    },
    keep(on) {
      look(on);
      keeping ??= setInterval(atNextLook, LOOK_EVERY_MS, () => look(on)).unref();
    },
    stop() {
      clearInterval(keeping);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** What the system refuses to a timer (a descriptor, say) is asked for again by the next: nobody else would catch it. */
function atNextLook(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}

/** Bytes of the disk that a folder is on, and those that this user may still write. */
export function roomOn(folder: string): { free: number; total: number } {
  const { bavail, blocks, bsize } = statfsSync(folder);
  return { free: bavail * bsize, total: blocks * bsize };
}

function pieces(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}
