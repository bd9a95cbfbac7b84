import { stripVTControlCharacters } from 'node:util';
import { isTerminal } from '../../../experiment/status.ts';
import type { ExperimentSummary } from '../../../experiment/record.ts';
import { isOpenLine, type LogLine } from '../../../logs/line.ts';
import { printable } from '../../print/text.ts';
import { durationText } from '../../print/time.ts';
import type { Talk } from '../../runtime/talk.ts';

/** What is known of an experiment that is followed; times in milliseconds of this machine's clock. */
export interface Followed {
  summary: Pick<ExperimentSummary, 'status' | 'explanation'>;
  /** Since when it has had this status. */
  since: number;
  /** The line that it printed last, and when that was seen. */
  last: { text: string; at: number } | null;
}

/** Bars shown at once: they have to fit on the screen. */
const MOST_BARS = 8;
/** Silence that is worth telling. */
const SILENT_AFTER_MS = 10_000;

/** What goes on with an experiment, in a line: where it stands, how long already, and what it says or waits for. */
export function statusLine({ summary: { status, explanation }, since, last }: Followed, now: number): string {
  const took = durationText(Math.floor((now - since) / 1000));
  const why = explanation === null ? '' : printable(explanation);
  if (isTerminal(status)) return 'the rest of its log';
  if (status === 'Waiting') return `waiting ${took}${why === '' ? '' : `: ${why}`}`;
  if (status === 'Running') {
    const silent = now - Math.max(since, last?.at ?? 0);
    const silence =
      silent < SILENT_AFTER_MS ? '' : `, no output for ${durationText(Math.floor(silent / 1000))}`;
    return `running ${took}${silence}`;
  }
  const said = last === null ? why : printable(last.text);
  return `${status.toLowerCase()} ${took}${said === '' ? '' : `: ${said}`}`;
}

/** Keeps the line of one experiment up to date, once a second, until it is stopped. Notices are told once each. */
export function createStatusLine(talk: Talk, first: ExperimentSummary) {
  let followed: Followed = { summary: first, since: Date.now(), last: null };
  const told = new Set(first.notices.map(({ message }) => message));
  /** What lines that have not ended (progress bars) show, by pod and stream. */
  const open = new Map<string, string>();
  const show = () =>
    talk.progress([statusLine(followed, Date.now()), ...[...open.values()].slice(-MOST_BARS)].join('\n'));
  const clock = setInterval(show, 1000).unref();
  show();
  return {
    change(summary: ExperimentSummary): void {
      if (summary.status !== followed.summary.status) followed = { summary, since: Date.now(), last: null };
      followed.summary = summary;
      for (const { message } of summary.notices) {
        if (told.has(message)) continue;
        told.add(message);
        talk.notice(message);
      }
      show();
    },
    line(line: LogLine): void {
      const name = line.pod ?? line.step;
      const source = `${name} ${line.attempt} ${line.stream}`;
      followed.last = { text: line.text, at: Date.now() };
      if (isOpenLine(line)) open.set(source, `${name} | ${printable(stripVTControlCharacters(line.text))}`);
      else if (!open.delete(source)) return;
      show();
    },
    stop(): void {
      clearInterval(clock);
      talk.settle();
    },
  };
}
