import type { LogLine } from '../../../logs/line.ts';
import { parseLogLine } from '../../../logs/wire.ts';
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

/**
 * Draws log lines for people: the pod's name (before `run`: the step's) in its colour, `|` or, for stderr, `!`,
 * then the text, all of it. Returns what one line looks like, without the last newline.
 */
export function createLogLineView(
  screen: Screen,
  { pods, timestamps }: LogLineOptions,
): (line: LogLine) => string {
  const { colors } = screen;
  const width = Math.min(WIDEST, Math.max(0, ...pods.map((pod) => pod.length)));
  const colorOf = podColors(colors, pods);
  return (line) => {
    const name = line.pod ?? line.step;
    const color = line.pod === null ? colors.dim : colorOf(line.pod);
    const mark = line.stream === 'stderr' ? colors.yellow('!') : colors.dim('|');
    const time = timestamps ? `${colors.dim(line.time)} ` : '';
    const prefix = `${time}${color(name.padEnd(width))} ${mark} `;
    return prefix + contained(line.text, prefix);
  };
}

/** The same for whole JSON lines as they come: one text for each chunk. */
export async function* drawnLines(
  chunks: AsyncIterable<Uint8Array>,
  screen: Screen,
  options: LogLineOptions,
): AsyncGenerator<string> {
  const draw = createLogLineView(screen, options);
  for await (const chunk of chunks) {
    const lines = new TextDecoder().decode(chunk).split('\n').slice(0, -1);
    yield lines.map((line) => `${draw(parseLogLine(line))}\n`).join('');
  }
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
