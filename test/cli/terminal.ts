import { execFileSync } from 'node:child_process';
import { expect, vi } from 'vitest';
import { BIN, type Program } from './program.ts';

interface Size {
  width?: number;
  height?: number;
}

/** A shell in a terminal of tmux, in which `aichor` is the built program on a program's state folder. */
export interface Terminal {
  /** Types a line and presses Enter. */
  type(line: string): void;
  /** Presses a key as tmux calls it: `C-c`, `y`, `Enter`. */
  press(key: string): void;
  /** What is on the screen, without the blanks at the ends of lines. */
  screen(): string;
  /** How many lines have left the screen at its top. */
  scrolled(): number;
  /** Waits until the screen shows something, and gives it. */
  shows(pattern: RegExp): Promise<string>;
  /** Starts a program that waits to be interrupted, and waits until it does: a key that comes sooner finds the shell. */
  holds(): Promise<void>;
  resize(width: number, height: number): void;
  close(): void;
}

/** Whether what is seen on a terminal can be tried here; where it cannot, that is said once. */
export const hasTmux = isTmuxHere();

function isTmuxHere(): boolean {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('skipped: what is seen on a terminal, because tmux is not installed\n');
    return false;
  }
}

let opened = 0;

/** tmux (Debian: tmux) has to be there. Close it, or its server stays. */
export function openTerminal(
  { env, repo }: Pick<Program, 'env' | 'repo'>,
  { width = 100, height = 30 }: Size = {},
): Terminal {
  const socket = `aichor-test-${process.pid}-${++opened}`;
  const own: NodeJS.ProcessEnv = { ...env, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', PS1: '> ' };
  const tmux = (...args: string[]) =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], { env: own, encoding: 'utf8' });
  const size = ['-x', String(width), '-y', String(height)];
  tmux('new-session', '-d', '-c', repo, ...size, 'bash --norc --noprofile');
  const screen = () => tmux('capture-pane', '-p').replace(/[ ]+$/gm, '').trimEnd();
  const type = (line: string) => {
    tmux('send-keys', '-l', line);
    tmux('send-keys', 'Enter');
  };
  const shows = async (pattern: RegExp) => {
    // Not `expect.poll`: that belongs to the test which runs at this moment, and several may, side by side.
    await vi.waitFor(() => expect(screen()).toMatch(pattern), { timeout: 60_000, interval: 50 });
    return screen();
  };
  type(`aichor() { '${process.execPath}' '${BIN}' "$@"; }; clear`);
  return {
    type,
    press: (key) => tmux('send-keys', key),
    screen,
    scrolled: () => Number(tmux('display-message', '-p', '#{history_size}')),
    shows,
    holds: async () => {
      type('sh -c "echo it ho""lds; exec sleep 300"');
      await shows(/^it holds$/m);
    },
    resize: (width, height) => void tmux('resize-window', '-x', String(width), '-y', String(height)),
    close: () => tmux('kill-server'),
  };
}
