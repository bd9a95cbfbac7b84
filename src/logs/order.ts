/** So many next lines of a source, or all that are complete. */
export interface Take {
  source: number;
  lines: number | 'rest';
}

/** What a source has to give. */
export interface WaitingLines {
  /** Complete lines that were looked at. */
  lines: number;
  /** There is more than was looked at. */
  more: boolean;
}

/**
 * In which order new lines of several files are taken, given the order in which the file system reported writes
 * to them (one entry a write). A source's lines are spread evenly over its reports: writes of one line each come
 * out exactly as they were written, and so do lines that take two writes each (`print` to an unbuffered stream), each
 * where its first write was.
 */
export function orderTakes(reports: readonly number[], waiting: ReadonlyMap<number, WaitingLines>): Take[] {
  const total = new Map<number, number>();
  for (const source of reports) total.set(source, (total.get(source) ?? 0) + 1);
  const seen = new Map<number, number>();
  const takes: Take[] = [];
  for (const source of reports) {
    const before = seen.get(source) ?? 0;
    seen.set(source, before + 1);
    const { lines, more } = waiting.get(source) ?? { lines: 0, more: false };
    const all = total.get(source) ?? 1;
    const due = Math.ceil(((before + 1) * lines) / all) - Math.ceil((before * lines) / all);
    if (more && before + 1 === all) takes.push({ source, lines: 'rest' });
    else if (due > 0) addTake(takes, source, due);
  }
  return takes;
}

function addTake(takes: Take[], source: number, lines: number): void {
  const last = takes.at(-1);
  if (last?.source === source && last.lines !== 'rest') last.lines += lines;
  else takes.push({ source, lines });
}
