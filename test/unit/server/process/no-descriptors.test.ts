/** What the server does by itself from time to time ends nobody where the system refuses it, as it does without descriptors. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import * as library from 'prom-client';
import { afterEach, expect, it, vi } from 'vitest';
import { openReserve } from '../../../../src/base/io/reserve.ts';
import { registerGauges } from '../../../../src/server/monitor/gauges.ts';
import type { Readings } from '../../../../src/server/monitor/readings.ts';
import { createMemoryKeeper } from '../../../../src/server/process/memory.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const refused = () => {
  throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
};

it('memory is looked after without a file', () => {
  vi.useFakeTimers();
  const asked = vi.spyOn(process, 'memoryUsage').mockImplementation(refused);
  const keeper = createMemoryKeeper();
  keeper.touch();
  vi.advanceTimersByTime(60_000);
  keeper.stop();
  expect(asked).not.toHaveBeenCalled();
});

it('a figure that cannot be read is left out of the others', async () => {
  vi.spyOn(process.memoryUsage, 'rss').mockImplementation(refused);
  const registry = new Registry();
  const readings: Readings = {
    requests: () => 0,
    disk: () => null,
    used: () => null,
    descriptors: () => 9,
    experiments: () => ({}),
    deliveriesWaiting: () => 0,
    messagesWaiting: () => 0,
  };
  registerGauges(library, registry, { version: '1', readings });
  const text = await registry.metrics();
  expect(text).toContain('process_open_fds 9');
  expect(text).not.toMatch(/^process_resident_memory_bytes /m);
});

it('a look at the disk that is refused is made again', () => {
  vi.useFakeTimers();
  const folder = mkdtempSync(join(tmpdir(), 'aichor-descriptors-'));
  let answer = (): number => 1e9;
  const plenty = vi.fn<() => void>();
  const reserve = openReserve(folder, { free: () => answer(), total: 1e12 });
  reserve.keep({ full: () => undefined, low: () => undefined, plenty });
  answer = refused;
  vi.advanceTimersByTime(20_000);
  answer = () => 1e9;
  vi.advanceTimersByTime(5000);
  expect(plenty).toHaveBeenCalledTimes(2);
  reserve.stop();
  rmSync(folder, { recursive: true, force: true });
});
