import { harmless } from '../../base/text/harmless.ts';
import { EXIT_CODES } from '../../exit-codes.ts';

/** What a command followed that has taken long, and how that went. */
interface Followed {
  /** Ids of the experiments. */
  ids: readonly string[];
  /** What the command ends with. */
  exitCode: number;
  seconds: number;
}

interface Terminal {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** Whoever has waited longer than this looks elsewhere. `AICHOR_BELL_SECONDS` says another time. */
const LONG_S = 30;

const ENDS: Readonly<Record<number, string>> = {
  0: 'succeeded',
  [EXIT_CODES.experiment_failed]: 'failed',
  [EXIT_CODES.experiment_cancelled]: 'was cancelled',
  [EXIT_CODES.timeout]: 'has not ended: the time is up',
};

/**
 * Draws attention to the end of what was followed: the bell, and the notifications of terminals that have them (OSC 9:
 * iTerm2, Windows Terminal, kitty; OSC 777: rxvt, foot, WezTerm). On a terminal only, never into a pipe; NO_BELL turns it
 * off, and a dumb terminal gets none.
 */
export function drawAttention(
  followed: Followed,
  { terminals, env }: { terminals: readonly Terminal[]; env: Record<string, string | undefined> },
): void {
  const terminal = terminals.find(({ isTTY }) => isTTY === true);
  if (terminal === undefined || env['NO_BELL'] || env['TERM'] === 'dumb' || env['CI']) return;
  const wanted = Number(env['AICHOR_BELL_SECONDS'] || LONG_S);
  if (followed.seconds <= (Number.isFinite(wanted) ? wanted : LONG_S)) return;
  terminal.write(attentionCodes(endText(followed)));
}

/** The codes, in this order: those who do not know one pass over it. */
export function attentionCodes(text: string): string {
  const plain = harmless(text).replaceAll(';', ',');
  return `\u0007\u001B]9;aichor: ${plain}\u0007\u001B]777;notify;aichor;${plain}\u0007`;
}

function endText({ ids, exitCode }: Followed): string {
  const end = ENDS[exitCode] ?? 'could not be followed to the end';
  const [first = ''] = ids;
  if (ids.length === 1) return `experiment ${first.slice(0, 8)} ${end}`;
  return exitCode === 0 ? `${ids.length} experiments succeeded` : `of ${ids.length} experiments one ${end}`;
}
