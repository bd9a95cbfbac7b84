import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { OutputClosed, watchInterruption } from '../../../../src/cli/runtime/interruption.ts';

function fakeProcess() {
  const exits: number[] = [];
  const process = Object.assign(new EventEmitter(), {
    stdout: new EventEmitter(),
    stderr: new EventEmitter(),
    exit: (code: number) => exits.push(code),
  });
  return { process, exits };
}

const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s aborts, a second one ends the process', (name) => {
  const { process, exits } = fakeProcess();
  const signal = watchInterruption(process, () => undefined);
  process.emit(name);
  expect(signal.reason).toMatchObject({ code: 'interrupted' });
  expect(exits).toEqual([]);
  process.emit(name);
  expect(exits).toEqual([130]);
});

it('a closed stdout aborts, a closed stderr does not, and a full disk behind it is said', () => {
  const { process } = fakeProcess();
  const signal = watchInterruption(process, () => undefined);
  process.stderr.emit('error', broken);
  expect(signal.aborted).toBe(false);
  process.stdout.emit('error', broken);
  expect(signal.reason).toBeInstanceOf(OutputClosed);
  const other = fakeProcess().process;
  const full = watchInterruption(other, () => undefined);
  other.stdout.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  expect(full.reason).toMatchObject({ code: 'usage', message: 'the output cannot be written (ENOSPC)' });
});

it('a reader that leaves while nothing is written aborts as well', () => {
  let leave = (): void => undefined;
  const signal = watchInterruption(fakeProcess().process, (onGone) => (leave = onGone));
  expect(signal.aborted).toBe(false);
  leave();
  expect(signal.reason).toBeInstanceOf(OutputClosed);
});
