import { harmlessLine } from '../../../base/text/harmless.ts';
import type { LogLine } from '../../../logs/line.ts';
import type { Colors, Screen } from '../../runtime/screen.ts';

export interface LogLineOptions {
  /** Names of the pods in order of rank: decides colours and how wide the first column is. */
  pods: readonly string[];
  timestamps: boolean;
}

/** Colours that can be read on dark and light grounds; red and yellow are kept for trouble. */
const POD_COLORS = [
  'cyan',
  'magenta',
  'green',
  'blue',
  'cyanBright',
  'magentaBright',
  'greenBright',
  'blueBright',
] as const;
/** Pods with longer names push their lines to the right. */
const WIDEST = 24;
const RESET = '\u001b[0m';

/** How log lines look to people. */
export interface LogLineView {
  /** The pod's name (before `run`: the step's) in its colour, and `|` or, for stderr, `!`. */
  prefix(line: LogLine): { text: string; columns: number };
  /** That, then the text, all of it, without the last newline. */
  draw(line: LogLine): string;
}

export function createLogLineView(screen: Screen, { pods, timestamps }: LogLineOptions): LogLineView {
  const { colors } = screen;
  const width = Math.min(WIDEST, Math.max(0, ...pods.map((pod) => pod.length)));
  const colorOf = podColors(colors, pods);
  const prefix: LogLineView['prefix'] = (line) => {
    const name = (line.pod ?? line.step).padEnd(width);
    const color = line.pod === null ? colors.dim : colorOf(line.pod);
    const mark = line.stream === 'stderr' ? colors.yellow('!') : colors.dim('|');
    const time = timestamps ? `${colors.dim(line.time)} ` : '';
    const columns = name.length + 3 + (timestamps ? line.time.length + 1 : 0);
    return { text: `${time}${color(name)} ${mark} `, columns };
  };
  return {
    prefix,
    draw(line) {
      const { text } = prefix(line);
      return text + contained(harmlessLine(line.text), text);
    },
  };
}

function podColors(colors: Colors, pods: readonly string[]): (pod: string) => (text: string) => string {
  const places = new Map(pods.map((pod, index) => [pod, index]));
  return (pod) => {
    const place = places.get(pod) ?? places.size;
    places.set(pod, place);
    return colors[POD_COLORS[place % POD_COLORS.length] ?? 'cyan'];
  };
}

/** Colours that a line leaves on end with it; a line that returns to its start does so behind the prefix. */
function contained(text: string, prefix: string): string {
  const returned = text.includes('\r') ? text.replaceAll('\r', `\r${prefix}`) : text;
  return text.includes('\u001b') ? returned + RESET : returned;
}
