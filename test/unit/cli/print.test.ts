import { formatBytes } from '../../../src/base/text/bytes.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enginesTable } from '../../../src/cli/print/engines/list.ts';
import { errorDocument, errorView } from '../../../src/cli/runtime/failure-text.ts';
import { experimentsTable } from '../../../src/cli/print/experiments/list.ts';
import { printable, hanging } from '../../../src/cli/print/text.ts';
import { recordPage } from '../../../src/cli/print/experiments/record.ts';
import { podsTable } from '../../../src/cli/print/experiments/pods.ts';
import { serverLogLine } from '../../../src/cli/print/server-log.ts';
import { agoText, durationText } from '../../../src/cli/print/time.ts';
import { screenOf } from '../../../src/cli/runtime/screen.ts';
import { sinceFlag } from '../../../src/cli/experiments/since.ts';
import type { PodRecord } from '../../../src/experiment/record.ts';
import { AichorError } from '../../../src/errors.ts';
import { aSummary } from '../../fixtures/summary.ts';

const plain = { ...screenOf({}, {}), width: 80 };
const now = new Date('2026-05-01T12:05:00.000Z');

it.each([
  [null, '-'],
  [0.04, '0s'],
  [9.87, '9.8s'],
  [59.9, '59s'],
  [60, '1m'],
  [192, '3m 12s'],
  [7500, '2h 5m'],
  [360_000, '4d 4h'],
])('durationText(%j) is %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

it('says how long ago and how much', () => {
  expect(
    ['12:05:00', '12:04:18', '11:59:00', '09:00:00'].map((time) => agoText(`2026-05-01T${time}.000Z`, now)),
  ).toEqual(['now', '42s', '6m', '3h']);
  expect([0, 999, 1400, 23_000_000, 5e15].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.4 kB',
    '23 MB',
    '5000 TB',
  ]);
});

it('makes text of unknown origin safe to draw', () => {
  expect(printable('a\r\n  b\u001B[2Jc\td')).toBe('a b�[2Jc d');
});

describe('the table of experiments', () => {
  it('fits the screen whatever the message', () => {
    const messages = ['short', 'x'.repeat(500), '漢字'.repeat(100), 'two\nlines\u001B[31m', ''];
    for (const width of [36, 40, 60, 80, 200]) {
      const table = experimentsTable(
        messages.map((message) => aSummary({ message })),
        now,
        { ...plain, width },
      );
      const lines = table.split('\n');
      expect(lines).toHaveLength(messages.length + 1);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      expect(table).not.toContain('\u001B');
    }
  });

  it('leaves out what matters least where the screen is narrow', () => {
    const titles = (width: number) =>
      experimentsTable([aSummary()], now, { ...plain, width })
        .split('\n')[0]
        ?.split(/\s+/);
    expect(titles(80)).toEqual(['ID', 'STATUS', 'OPERATOR', 'PODS', 'AGE', 'TIME', 'MESSAGE']);
    expect(titles(50)).toEqual(['ID', 'STATUS', 'AGE', 'TIME', 'MESSAGE']);
    expect(titles(40)).toEqual(['ID', 'STATUS', 'AGE', 'MESSAGE']);
    expect(titles(36)).toEqual(['ID', 'STATUS', 'MESSAGE']);
  });

  it('shows why something waits', () => {
    const waiting = aSummary({
      status: 'Waiting',
      message: 'mine',
      explanation: '2 experiments ahead of it',
    });
    expect(experimentsTable([waiting], now, { ...plain, width: 120 })).toMatch(
      /9b2f41c0 +Waiting +jobset +5 +5m +12s +mine · 2 experiments ahead/,
    );
    expect(experimentsTable([], now, plain)).toBe('no experiments');
  });
});

describe('text beside a name', () => {
  it('goes on below its beginning, and never cuts a word', () => {
    expect(hanging('one two three four five six', 4, 20)).toBe('one two three\n    four five six');
    expect(hanging(`to /a/${'b'.repeat(40)} now`, 4, 20)).toBe(`to\n    /a/${'b'.repeat(40)}\n    now`);
    expect(hanging('', 4, 20)).toBe('');
  });

  it('loses nothing, and fits wherever its words do', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,16}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        words,
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 40, max: 120 }),
        (said, indent, width) => {
          const lines = hanging(said.join(' '), indent, width).split('\n');
          expect(lines.map((line) => line.trim()).join(' ')).toBe(said.join(' '));
          for (const [index, line] of lines.entries())
            expect(line.length + (index === 0 ? indent : 0)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

it.each([120, 80, 60])('draws what pods take at present on %i columns', (width) => {
  const pod: PodRecord = {
    ...{ pod: 'worker-0-0', type: 'worker', job_index: 0, pod_index: 0, rank: 0, status: 'Running' },
    ...{ reason: null, exit_code: null, attempt: 1, peak_memory_bytes: 2_500_000 },
    ...{ started_at: '2026-05-01T12:00:01.000Z', ended_at: null, node: null, usage: null },
  };
  const waiting: PodRecord = { ...pod, pod: 'worker-1-0', status: 'Pending', started_at: null };
  const usage = [
    { pod: 'worker-0-0', cpus: 1.26, memory_bytes: 3_000_000, gpu: 0.374, gpu_memory_bytes: 3_000_000_000 },
  ];
  const drawn = podsTable([pod, waiting], usage, { screen: { ...plain, width }, now });
  const [head = '', first = '', second = ''] = drawn.split('\n');
  expect(head).toMatch(/CPU +MEMORY +GPU +GPU MEM/);
  expect(first).toMatch(/1\.3 +3\.0 MB +37% +3\.0 GB/);
  expect(second).toMatch(/- +- +-/);
  for (const line of [head, first, second]) expect(line.length).toBeLessThanOrEqual(width);
  expect(podsTable([pod], [], { screen: plain, now })).not.toMatch(/CPU|GPU/);
});

it('draws lines of the server log for people, and errors with their stack', () => {
  const line = {
    level: 50,
    time: '2026-05-01T12:00:01.000Z',
    pid: 1,
    msg: 'it broke',
    experiment_id: 'x',
    err: { stack: 'Error: y\n    at z' },
  };
  expect(serverLogLine(line, { ...plain, utc: true })).toBe(
    '2026-05-01 12:00:01Z error it broke experiment_id=x\n    Error: y\n    at z',
  );
  expect(serverLogLine({ msg: 'Node says\u001b[2J' }, plain)).toBe('info  Node says�[2J');
});

it('draws a record with its pods and what happened when', () => {
  const page = recordPage(
    {
      ...aSummary({ status: 'Failed', reason: 'NonZeroExit', explanation: 'worker-0-0 exited with code 3' }),
      pods: [
        {
          ...{
            pod: 'worker-0-0',
            type: 'worker',
            job_index: 0,
            pod_index: 0,
            rank: 0,
            status: 'Failed',
            reason: 'NonZeroExit',
          },
          ...{ exit_code: 3, attempt: 1, peak_memory_bytes: 2_500_000 },
          ...{
            started_at: '2026-05-01T12:00:01.000Z',
            ended_at: '2026-05-01T12:00:05.000Z',
            node: null,
            usage: null,
          },
        },
      ],
      events: [{ time: '2026-05-01T12:01:30.000Z', type: 'step', message: 'run' }],
    },
    plain,
  );
  expect(page).toMatch(/Failed \(NonZeroExit\)\nlr sweep 3\nworker-0-0 exited with code 3\n/);
  expect(page).toMatch(/worker-0-0 +0 +Failed +3 +4s +2\.5 MB +NonZeroExit/);
  expect(page).toMatch(/\+1m 30s {2}run/);
});

it('shows the same error to people and to scripts', () => {
  const error = new AichorError('conflict', 'it ended already', { hint: 'nothing to do', requestId: 'r1' });
  expect(errorDocument(error, null)).toEqual({
    error: {
      code: 'conflict',
      message: 'it ended already',
      hint: 'nothing to do',
      exit_code: 6,
      request_id: 'r1',
    },
  });
  expect(errorView(error, null, plain)).toBe(
    'error[conflict] it ended already\nhint: nothing to do\nrequest r1\n',
  );
  expect(errorDocument(new AichorError('internal', 'm'), 'the stack').error).toMatchObject({
    exit_code: 1,
    stack: 'the stack',
  });
});

it.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: false }, {}, false],
  [{ isTTY: true }, { NO_COLOR: '1' }, false],
  [{ isTTY: true }, { TERM: 'dumb' }, false],
  [{}, { FORCE_COLOR: '1' }, true],
  [{ isTTY: true }, { FORCE_COLOR: '0' }, false],
  [{}, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
])('colours on %j with %j: %s', (output, env, colored) => {
  expect(screenOf(output, env).colors.red('x') !== 'x').toBe(colored);
});

it('reads --since as a duration back or a time', () => {
  expect(sinceFlag('90s', now)).toBe('2026-05-01T12:03:30.000Z');
  expect(sinceFlag('2026-05-01T12:00:00+02:00', now)).toBe('2026-05-01T10:00:00.000Z');
});

it('fits engines into 80 columns', () => {
  const capacity = { cpus: 128, memory_gb: 1511.5, gpus: 8, max_experiments: null };
  const in_use = { experiments: 12, cpus: 96, memory_gb: 768.25, gpus: 8 };
  const engine = { name: 'local', kind: 'local' as const, default: true, healthy: true, capacity, in_use };
  const text = enginesTable(
    { engines: [{ ...engine, message: 'a sentence of more than eight letters' }] },
    plain,
  );
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toContain('96/128');
});
