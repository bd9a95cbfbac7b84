import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFailure } from '../../../src/client/start-failure.ts';

let folder: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-start-'));
  log = join(folder, 'server.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const failure = (logged: number, free = 2 ** 30) =>
  startFailure({ what: 'ended with code 1', folder, log, logged, free });

describe('a server that did not start', () => {
  it('is told in the words of this start, without what went well', async () => {
    const before = 'Error: of another day\n';
    const request = { level: 30, msg: 'request' };
    const fatal = { level: 60, msg: 'cannot serve', err: { message: 'address in use' } };
    writeFileSync(log, `${before}${JSON.stringify(request)}\nplain words\n${JSON.stringify(fatal)}\n`);
    expect(await failure(before.length)).toMatchObject({
      code: 'server_unreachable',
      message:
        'the embedded control plane ended with code 1; its last words:\nplain words\ncannot serve: address in use',
      hint: `the whole log is ${log}`,
    });
  });

  it('that said itself why is told word for word', async () => {
    const error = {
      code: 'conflict',
      message: 'control-plane.sqlite was written by a newer aichor',
      hint: 'update aichor',
      exit_code: 6,
    };
    writeFileSync(log, `${JSON.stringify({ error: { ...error, message: 'another day' } })}\n`);
    const logged = readFileSync(log).length;
    appendFileSync(log, `plain words\n${JSON.stringify({ error })}\n`);
    const { code, message, hint } = error;
    expect(await failure(logged)).toMatchObject({ code, message, hint });
  });

  it('that said nothing is told without last words', async () => {
    writeFileSync(log, '');
    expect((await failure(0)).message).toBe('the embedded control plane ended with code 1');
  });

  it('is put down to a full disk, where a log cannot tell it', async () => {
    const { code, message, hint } = await failure(0, 4096);
    expect(code).toBe('server_unreachable');
    expect(message).toContain(`the disk that holds ${folder} is full`);
    expect(hint).toContain('AICHOR_HOME');
  });
});
