import { harmless } from '../../base/text/harmless.ts';
import { cutToColumns } from '../../base/text/columns.ts';
import type { Screen } from './screen.ts';

/** What a command says to people while it works: always on stderr, never data. */
export interface Talk {
  /** Something worth knowing that is no error. */
  notice(message: string): void;
  /** What is going on now; replaces the text before it. Shown on a terminal only. */
  progress(message: string): void;
  /** Nothing is going on any more: the progress line is removed. */
  settle(): void;
  /** The command has ended: what still goes on shows no progress, whose timer would keep the process alive. */
  end(): void;
  /** Whatever else is written to the same terminal, with the progress line out of its way. */
  aside(write: () => void): void;
  /** Text as it is, with a newline: lines that are followed, questions' answers. */
  say(text: string): void;
}

interface TalkOptions {
  write(text: string): void;
  screen: Screen;
  /** False: progress is not shown at all. */
  animate: boolean;
}

/** The part of a spinner that is needed here (`ora` has it). */
interface Spinner {
  text: string;
  clear(): unknown;
  render(): unknown;
  stop(): unknown;
}

export function createTalk({ write, screen, animate }: TalkOptions): Talk {
  const progress = createProgress(animate, screen.width);
  const say = (text: string) => {
    progress.aside(() => write(`${text}\n`));
  };
  return {
    say,
    notice: (message) => say(`${screen.colors.yellow('notice')}: ${harmless(message)}`),
    progress: (message) => progress.show(harmless(message)),
    settle: () => progress.settle(),
    end: () => progress.end(),
    aside: (write) => progress.aside(write),
  };
}

/** The spinner's library is loaded when the first progress is shown: it costs more than most commands do. */
function createProgress(animate: boolean, width: number) {
  let wanted: string | null = null;
  let spinner: Spinner | null = null;
  let loading = false;
  let isOver = false;
  const start = async () => {
    loading = true;
    const { default: ora } = await import('ora');
    loading = false;
    if (wanted !== null) spinner = ora({ text: wanted, discardStdin: false, hideCursor: true }).start();
  };
  /** A line that is longer than the screen would leave its upper part behind. */
  const fitting = (message: string) => {
    const room = Math.max(20, width - 4);
    const cut = (line: string) =>
      cutToColumns(line, room) === line ? line : `${cutToColumns(line, room - 1)}…`;
    return message.split('\n').map(cut).join('\n');
  };
  const settle = () => {
    wanted = null;
    spinner?.stop();
    spinner = null;
  };
  return {
    show(message: string): void {
      if (!animate || isOver) return;
      wanted = fitting(message);
      if (spinner) spinner.text = wanted;
      else if (!loading) void start();
    },
    aside(write: () => void): void {
      spinner?.clear();
      write();
      spinner?.render();
    },
    settle,
    end(): void {
      isOver = true;
      settle();
    },
  };
}
