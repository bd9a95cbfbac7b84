import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createServerLog } from '../../../../src/server/process/log.ts';
import { openReserve } from '../../../../src/base/io/reserve.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-full-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const pieces = (): number => readdirSync(join(folder, 'reserve')).length;

it('a reserve is made while there is plenty of room, and given back piece by piece on a full disk', () => {
  vi.useFakeTimers();
  let free = 10_000_000;
  const told = vi.fn<() => void>();
  const open = () => openReserve(folder, { free: () => free, total: 1e12 });
  const reserve = open();
  reserve.keep({ full: told, low: vi.fn<() => void>(), plenty: vi.fn<() => void>() });
  expect(readdirSync(folder)).toEqual([]);
  free = 1e9;
  vi.advanceTimersByTime(5000);
  expect(pieces()).toBe(4);
  reserve.makeRoom();
  expect(pieces()).toBe(4);
  free = 0;
  vi.advanceTimersByTime(5000);
  expect(told).toHaveBeenCalledTimes(1);
  expect(pieces()).toBe(4);
  vi.advanceTimersByTime(50_000);
  expect(told).toHaveBeenCalledTimes(1);
  expect(pieces()).toBe(3);
  reserve.makeRoom();
  expect(pieces()).toBe(2);
  vi.advanceTimersByTime(1500);
  expect(pieces()).toBe(1);
  reserve.stop();
  open();
  expect(pieces()).toBe(0);
  open().makeRoom();
});

it.runIf(existsSync('/dev/full'))('a log that cannot be written ends nobody', () => {
  const log = createServerLog('/dev/full');
  for (let line = 0; line < 10; line++) log.error({ err: new Error('x'.repeat(1000)) }, 'the disk is full');
  log.close();
});
