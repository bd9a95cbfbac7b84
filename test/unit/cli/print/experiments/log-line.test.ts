import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { createLogLineView, drawnLines } from '../../../../../src/cli/print/experiments/log-line.ts';
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
    expect(createLogLineView(screen, { pods, timestamps })({ ...line, ...changes })).toBe(drawn);
  });

  it('cannot colour what comes after it', () => {
    const draw = createLogLineView(colored, { pods, timestamps: false });
    expect(draw({ ...line, text: '\u001b[31mred' }).endsWith('\u001b[31mred\u001b[0m')).toBe(true);
    expect(draw(line).endsWith('loss 0.1')).toBe(true);
  });

  it('has the colour of its pod, the same whoever prints first', () => {
    const draw = createLogLineView(colored, { pods, timestamps: false });
    const other = createLogLineView(colored, { pods, timestamps: false });
    const second = draw(line);
    expect(other({ ...line, pod: 'master-0-0' })).not.toContain(second.slice(0, 5));
    expect(other(line)).toBe(second);
  });
});

it('draws whole chunks of JSON lines', async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${JSON.stringify(line)}\n${JSON.stringify({ ...line, text: 'é' })}\n`);
    yield Buffer.from(`${JSON.stringify({ ...line, text: '' })}\n`);
  }
  const drawn: string[] = [];
  for await (const text of drawnLines(chunks(), screen, { pods, timestamps: false })) drawn.push(text);
  expect(drawn).toEqual(['ps-0-0     | loss 0.1\nps-0-0     | é\n', 'ps-0-0     | \n']);
});
