import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createServerLog, echoOf } from '../../../../src/server/process/log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is one JSON object a line, for its owner alone, and the same beside the file where that is wanted', () => {
  const file = join(folder, 'server.log');
  const echoed: string[] = [];
  const log = createServerLog(file, { echo: (line) => void echoed.push(line) });
  log.info({ request_id: 'a-request', note: 'two\nlines \u001b[31m"and quotes"' }, 'request');
  log.error({ err: new Error('broken') }, 'request failed');
  log.close();
  const text = readFileSync(file, 'utf8');
  expect(echoed.join('')).toBe(text);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const [first, second] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(first).toMatchObject({ level: 30, msg: 'request', request_id: 'a-request', pid: process.pid });
  expect(Date.parse(first.time)).toBeGreaterThan(0);
  expect(second).toMatchObject({ level: 50, err: { message: 'broken', stack: expect.any(String) } });
});

it('AICHOR_LOG says stderr, or nothing', () => {
  expect([echoOf(undefined), echoOf('')]).toEqual([null, null]);
  expect(echoOf('stderr')).toBeTypeOf('function');
  expect(() => echoOf('syslog')).toThrow('AICHOR_LOG is "syslog"');
});
