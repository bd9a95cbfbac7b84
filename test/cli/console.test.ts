/** `aichor console`: an address in a script, a browser on a terminal. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { jsonOf, makeProgram, type Program } from './program.ts';
import { hasTmux, openTerminal } from './terminal.ts';

let program: Program;
let opened: string;
beforeAll(() => {
  program = makeProgram('console-opened');
  const bin = join(program.home, 'bin');
  mkdirSync(bin);
  opened = join(program.home, 'opened');
  writeFileSync(
    join(bin, 'xdg-open'),
    `#!/bin/sh\nprintf %s "$1" > "${opened}.part" && mv "${opened}.part" "${opened}"\n`,
  );
  chmodSync(join(bin, 'xdg-open'), 0o755);
  Object.assign(program.env, { PATH: `${bin}${delimiter}${program.env['PATH']}`, DISPLAY: ':0' });
});
afterAll(() => program.close(), 60_000);

const ADDRESS = /^http:\/\/aichor-[a-z2-7]{10}\.localhost:\d+\/#[\w-]{43}$/;

/** Whether a code lets somebody in. */
function letsIn(address: string): Promise<number> {
  const { port, host, hash } = new URL(address);
  const headers = { host, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
  return new Promise((resolve, reject) => {
    request({ port, path: '/v1/session', method: 'POST', headers }, ({ statusCode = 0 }) =>
      resolve(statusCode),
    )
      .on('error', reject)
      .end(JSON.stringify({ code: hash.slice(1) }));
  });
}

it('prints the address in a script and opens nothing, with --print and without', async () => {
  const [first, second] = [await jsonOf(program, ['console', '--print']), await jsonOf(program, ['console'])];
  for (const { url, ...rest } of [first, second]) {
    expect(url).toMatch(ADDRESS);
    expect(rest).toEqual({});
  }
  // Each has a code of its own, good once; name and port stay.
  expect(new URL(first.url).origin).toBe(new URL(second.url).origin);
  expect(first.url).not.toBe(second.url);
  expect([await letsIn(first.url), await letsIn(first.url), await letsIn(second.url)]).toEqual([
    200, 401, 200,
  ]);
  expect(existsSync(opened)).toBe(false);
});

describe.skipIf(!hasTmux)('on a terminal', () => {
  it('opens a browser, which is let in; --print opens none', { timeout: 60_000 }, async () => {
    const terminal = openTerminal(program, { width: 160 });
    try {
      terminal.type('aichor console --print');
      await terminal.shows(/localhost:\d+\/#[\w-]{43}/);
      terminal.type('echo printed');
      await terminal.shows(/^printed$/m);
      expect(existsSync(opened)).toBe(false);
      terminal.type('aichor console');
      await vi.waitFor(() => expect(existsSync(opened)).toBe(true), { timeout: 30_000 });
      const address = readFileSync(opened, 'utf8');
      expect(address).toMatch(ADDRESS);
      expect(await letsIn(address)).toBe(200);
    } finally {
      terminal.close();
    }
  });
});
