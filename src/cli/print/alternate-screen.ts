import { OutputClosed } from '../runtime/interruption.ts';

/** The alternate screen of a terminal, without its cursor: what was there before comes back at the end. */
const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';
const HOME = '\u001B[H';
const CLEAR_LINE = '\u001B[K';
const CLEAR_REST = '\u001B[J';

/**
 * Does something on the alternate screen, and leaves it whatever happens. There Ctrl-C, which aborts the signal, is the usual end, and
 * no error: it returns.
 */
export async function onAlternateScreen(
  write: (text: string) => Promise<void>,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  await write(ENTER);
  try {
    await work();
  } catch (error) {
    if (!signal.aborted || signal.reason instanceof OutputClosed) throw error;
  } finally {
    await write(LEAVE).catch(() => undefined);
  }
}

/** Lines over what the screen shows; no newline at the end, which would scroll. */
export function wholeScreen(lines: readonly string[]): string {
  return HOME + lines.map((text) => text + CLEAR_LINE).join('\r\n') + CLEAR_REST;
}
