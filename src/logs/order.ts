/** So many next lines of a source, or all that are complete. */
export interface Take {
  source: number;
  lines: number | 'rest';
}

/**
 * In which order new lines of several files are taken, given the order in which the file system reported writes
 * to them (one entry a report). Each report of a source stands for its next line, its last report for all that
 * is left: writes of single lines to two streams in turn come out exactly as they were written.
 */
export function orderTakes(reports: readonly number[]): Take[] {
  const last = new Map(reports.map((source, index) => [source, index]));
  const takes: Take[] = [];
  for (const [index, source] of reports.entries()) {
    const rest = last.get(source) === index;
    const before = takes.at(-1);
    if (before?.source === source && before.lines !== 'rest') {
      before.lines = rest ? 'rest' : before.lines + 1;
    } else {
      takes.push({ source, lines: rest ? 'rest' : 1 });
    }
  }
  return takes;
}
