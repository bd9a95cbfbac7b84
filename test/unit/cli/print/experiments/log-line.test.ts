import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { createLiveLines } from '../../../../../src/cli/print/experiments/live-lines.ts';
import { drawnLines } from '../../../../../src/cli/print/experiments/live-lines.ts';
import { createLogLineView } from '../../../../../src/cli/print/experiments/log-line.ts';
import type { LogLine } from '../../../../../src/logs/line.ts';

const screen = { width: 20, colors: picocolors.createColors(false) };
const colored = { width: 20, colors: picocolors.createColors(true) };
const line: LogLine = {
  sequence: 1,
  time: '2026-05-01T12:00:00.000Z',
  step: 'run',
  pod: 'ps-0-0',
  attempt: 1,
  stream: 'stdout',
  text: 'loss 0.1',
  partial: false,
};
const pods = ['master-0-0', 'ps-0-0'];

describe('a log line', () => {
  it.each<[string, Partial<LogLine>, boolean, string]>([
    ['is behind the name of its pod', {}, false, 'ps-0-0     | loss 0.1'],
    ['tells standard error', { stream: 'stderr' }, false, 'ps-0-0     ! loss 0.1'],
    [
      'before run is behind its step',
      { pod: null, step: 'build', stream: null },
      false,
      'build      | loss 0.1',
    ],
    ['can have its time', {}, true, '2026-05-01T12:00:00.000Z ps-0-0     | loss 0.1'],
    ['is never cut', { text: 'x'.repeat(500) }, false, `ps-0-0     | ${'x'.repeat(500)}`],
    [
      'that starts over does so behind the name',
      { text: '1%\r2%' },
      false,
      'ps-0-0     | 1%\rps-0-0     | 2%',
    ],
    [
      'of an unknown pod has its whole name',
      { pod: 'a-very-long-name-0-0' },
      false,
      'a-very-long-name-0-0 | loss 0.1',
    ],
  ])('%s', (_name, changes, timestamps, drawn) => {
    expect(createLogLineView(screen, { pods, timestamps }).draw({ ...line, ...changes })).toBe(drawn);
  });

  it('cannot colour what comes after it', () => {
    const { draw } = createLogLineView(colored, { pods, timestamps: false });
    expect(draw({ ...line, text: '\u001b[31mred' }).endsWith('\u001b[31mred\u001b[0m')).toBe(true);
    expect(draw(line).endsWith('loss 0.1')).toBe(true);
  });

  it('has the colour of its pod, the same whoever prints first', () => {
    const { draw } = createLogLineView(colored, { pods, timestamps: false });
    const { draw: other } = createLogLineView(colored, { pods, timestamps: false });
    const second = draw(line);
    expect(other({ ...line, pod: 'master-0-0' })).not.toContain(second.slice(0, 5));
    expect(other(line)).toBe(second);
  });
});

async function* chunks(...lines: Partial<LogLine>[]): AsyncGenerator<Uint8Array> {
  for (const changes of lines) yield Buffer.from(`${JSON.stringify({ ...line, ...changes })}\n`);
}

async function drawn(stream: AsyncIterable<Uint8Array>, live = false): Promise<string[]> {
  const view = createLogLineView(screen, { pods, timestamps: false });
  const lines = live ? createLiveLines(() => ({ columns: 30, rows: 3 }), view) : null;
  const texts: string[] = [];
  for await (const text of drawnLines(stream, view, lines)) texts.push(text);
  return texts;
}

it('draws whole chunks of JSON lines', async () => {
  async function* two(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${JSON.stringify(line)}\n${JSON.stringify({ ...line, text: 'é' })}\n`);
    yield* chunks({ text: '' });
  }
  expect(await drawn(two())).toEqual(['ps-0-0     | loss 0.1\nps-0-0     | é\n', 'ps-0-0     | \n']);
  expect(await drawn(two(), true)).toEqual(['ps-0-0     | loss 0.1\nps-0-0     | é\n', 'ps-0-0     | \n']);
});

describe('lines that stay open', () => {
  it('are left out where nothing can be drawn over', async () => {
    expect(await drawn(chunks({ text: '10%', partial: true }, { text: '20%' }))).toEqual([
      '',
      'ps-0-0     | 20%\n',
    ]);
  });

  it('stand below the others, one for each pod and stream, cut to the screen, until they end', async () => {
    const other = { pod: 'master-0-0' };
    const texts = await drawn(
      chunks(
        { text: '10%', partial: true },
        { ...other, text: '\u001b[31m50% ████████████████', partial: true },
        { text: '20%', partial: true },
        { ...other, text: 'a line' },
        { text: '10%\r20%\r30%' },
      ),
      true,
    );
    expect(rowsAfter(texts.slice(0, 1))).toEqual(['ps-0-0     | 10%']);
    expect(rowsAfter(texts.slice(0, 2))).toEqual(['ps-0-0     | 10%', 'master-0-0 | 50% ████████████']);
    expect(rowsAfter(texts.slice(0, 3))).toEqual(['ps-0-0     | 20%', 'master-0-0 | 50% ████████████']);
    expect(rowsAfter(texts.slice(0, 4))).toEqual(['master-0-0 | a line', 'ps-0-0     | 20%']);
    expect(rowsAfter(texts)).toEqual(['master-0-0 | a line', 'ps-0-0     | 30%', '']);
    // Nothing is emptied before it is written over: that would flicker.
    for (const text of texts) expect(text.replace(/\u001b\[J$/, '')).not.toContain('\u001b[J');
  });

  it('never take more rows than the screen has', async () => {
    const bars = Array.from({ length: 9 }, (_, index) => ({
      pod: `worker-${index}-0`,
      text: '1%',
      partial: true,
    }));
    expect(rowsAfter(await drawn(chunks(...bars), true))).toHaveLength(2);
  });
});

/** What a terminal shows after these writes: as much of one as they use. */
function rowsAfter(writes: readonly string[]): string[] {
  const rows: string[] = [''];
  let [row, column] = [0, 0];
  // oxlint-disable-next-line no-control-regex
  for (const [token, up] of writes.join('').matchAll(/\u001b\[(\d*)[A-Z]|[\s\S]/g)) {
    if (token === '\n') [row, column] = [row + 1, 0];
    else if (token === '\r') column = 0;
    else if (token.endsWith('A') && token.length > 1) row -= Number(up);
    else if (token === '\u001b[K') rows[row] = (rows[row] ?? '').slice(0, column);
    else if (token === '\u001b[J') {
      rows[row] = (rows[row] ?? '').slice(0, column);
      rows.length = row + 1;
    } else {
      rows[row] =
        (rows[row] ?? '').slice(0, column).padEnd(column) + token + (rows[row] ?? '').slice(column + 1);
      column++;
    }
    rows[row] ??= '';
  }
  return rows;
}
