/** What Ray's client repeats of a driver that failed is taken once; what only looks like it stays. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRayTail } from '../../../../../src/engines/kubernetes/logs/ray-tail.ts';
import { cutAt } from './arbitrary.ts';

const JOB = "Job 'experiment-1' failed";
const BOX = `\n${'-'.repeat(JOB.length)}\n${JOB}\n${'-'.repeat(JOB.length)}\n\n`;
const SAYS_SO =
  'Status message: Job entrypoint command failed with exit code 5, last available logs (truncated to 20,000 chars):\n';
/** As Ray 2.52.1 has it: the last ten lines. */
const lastLines = (log: string) => log.split(/(?<=\n)/).slice(-10).join('').slice(-20_000); // prettier-ignore

/** What is kept of a log that comes in pieces. */
function kept(pieces: readonly Buffer[]): string {
  const tail = createRayTail();
  let file = Buffer.alloc(0);
  for (const piece of pieces) file = Buffer.concat([file, tail.take(piece).pass]);
  return Buffer.concat([file, tail.end(file)]).toString();
}

test.each([
  ['ends in a newline', 'a\nb\n'],
  ['does not', 'a\nb'],
  ['has many lines', Array.from({ length: 30 }, (_, line) => `step ${line}\n`).join('')],
  ['has long ones', `${'ü'.repeat(30_000)}\n`],
  ['ends in empty ones', 'a\n\n\n'],
])('a driver whose output %s', (_, log) => {
  const before = `hello\n${log}${BOX}${SAYS_SO}`;
  const all = Buffer.from(`${before}${lastLines(log)}\n`);
  expect(kept([all]) === before).toBe(true);
  const bytes = [...all].slice(-3000).map((byte) => Buffer.from([byte]));
  expect(kept([all.subarray(0, -3000), ...bytes]) === before).toBe(true);
});

test('as Ray 2.52.1 printed it in a pod', () => {
  const said = (level: string, line: number) => `2026-11-29 09:14:58,578\t${level} cli.py:${line} -- `;
  const box = ['-'.repeat(43), "Job 'experiment-5747b6e0-0151-7fqzm' failed", '-'.repeat(43)];
  const driver = [
    '2026-11-29 09:14:51,736\tINFO job_manager.py:568 -- Runtime env is setting up.',
    'Running entrypoint for job experiment-5747b6e0-0151-7fqzm: bash -c "bash <(printenv AICHOR_COMMAND)"',
    ...['line 1', 'line 2', 'line 3'],
  ];
  const kind = 'Job submission server address';
  const before = [
    `${said('INFO', 41)}\u001B[37m${kind}\u001B[39m: \u001B[1mhttp://head:8265\u001B[22m`,
    ...driver,
    ...box.map((line, index) => `${said('ERR', 73 + index)}\u001B[31m${line}\u001B[39m`),
    `${said('INFO', 88)}${SAYS_SO.trim()}`,
  ];
  const text = (lines: string[]) => lines.map((line) => `${line}\n`).join('');
  expect(kept([Buffer.from(text([...before, ...driver, '']))])).toBe(text(before));
});

test.each([
  ['other lines follow', `a\nb\n${BOX}${SAYS_SO}c\n`],
  ['nobody said that a job failed', `a\n${SAYS_SO}a\n`],
  ['more follows than Ray repeats', `${'a'.repeat(90_000)}\n${BOX}${SAYS_SO}${'a'.repeat(90_000)}\n`],
  ['it was cut off', `a\nbc\n${BOX}${SAYS_SO}a\nb`],
  ['nothing follows', `a\nb\n${BOX}${SAYS_SO}`],
])('all stays where %s', (_, log) => {
  expect(kept([Buffer.from(log)]) === log).toBe(true);
});

test('whatever was printed is there, and once', () => {
  const words = fc.constantFrom('a', 'b\n', '\n', 'ü', `${JOB}\n`, BOX, SAYS_SO, '-\n');
  fc.assert(
    fc.property(fc.array(words, { minLength: 1, maxLength: 20 }), fc.array(fc.nat(9)), (printed, cuts) => {
      const log = `${printed.join('')}.`;
      const before = `${log}${BOX}${SAYS_SO}`;
      const seen = kept(cutAt(Buffer.from(`${before}${lastLines(log)}\n`), cuts));
      expect(seen.startsWith(before)).toBe(true);
      // Where the driver itself printed such a line, nothing can be told apart, and all of it stays.
      if (!log.includes(SAYS_SO)) expect(seen).toBe(before);
    }),
  );
});

test('a log that is read again from before what was held back', () => {
  const tail = createRayTail();
  const log = Buffer.from(`a\n${BOX}${SAYS_SO}`);
  expect(tail.take(log)).toEqual({ pass: log, isWhole: false });
  expect(tail.take(Buffer.from('a'))).toEqual({ pass: Buffer.alloc(0), isWhole: false });
  tail.reset();
  expect(tail.take(Buffer.concat([log, Buffer.from('a\n\n')])).pass).toEqual(log);
  expect(tail.end(log)).toEqual(Buffer.alloc(0));
});
