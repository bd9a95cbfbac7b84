/** What every user of a team's server does first: the scaffold, unedited, sent over the network. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { realPython } from '../engine/small-uv.ts';
import { BIN, documentOf, makeProgram, type Program } from './program.ts';

let machine: Program;
let user: Program;
let server: ChildProcess;
let more: Record<string, string>;

/** The server's machine has an installer, and its users' machines nothing: what runs was found by the server's PATH. */
beforeAll(async () => {
  machine = makeProgram('team');
  user = makeProgram('user', { PATH: '/usr/bin:/bin' });
  const programs = join(machine.home, 'programs');
  mkdirSync(programs);
  // Makes the environment that the engine asks for, and installs nothing: no test here needs a framework.
  const uv = `#!/bin/sh\nset -e\n[ "$1" = sync ]\nexec '${await realPython()}' -m venv --without-pip "$UV_PROJECT_ENVIRONMENT"\n`;
  writeFileSync(join(programs, 'uv'), uv);
  chmodSync(join(programs, 'uv'), 0o755);
  const env = { ...machine.env, PATH: [programs, machine.env['PATH'] ?? ''].join(delimiter) };
  server = spawn(process.execPath, [BIN, 'server', 'start', '--local', '--port', '0'], { env });
  const [line] = await once(server.stdout ?? server, 'data');
  const { address, key_file } = JSON.parse(String(line));
  more = { AICHOR_SERVER: address, AICHOR_API_KEY: readFileSync(key_file, 'utf8').trim() };
}, 60_000);
afterAll(async () => {
  await machine.aichor(['experiments', 'cancel', '--all', '--yes', '--wait']);
  server.kill('SIGTERM');
  await once(server, 'exit');
  machine.close();
  user.close();
});

/** The others' frameworks would be hundreds of megabytes: they get as far as to miss them. */
it.each([
  ['jobset', null],
  ['jax', 'imports jax'],
  ['pytorch', 'imports torch'],
  ['xgboost', 'imports numpy'],
  ['kuberay', 'has no Ray'],
])(
  'of %s is built with the programs of the server',
  async (operator, missing) => {
    const answers = ['--name', `try-${operator}`, '--operator', operator, '--profile', 'cpu', '--yes'];
    const { path } = documentOf(await user.aichor(['local-repo', 'init', ...answers], { more }));
    const { stdout, stderr } = await user.aichor(['experiments', 'submit', 'local', path, '--wait'], {
      more,
    });
    expect(stdout, stderr).not.toBe('');
    const wanted =
      missing === null
        ? { status: 'Succeeded' }
        : { status: 'Failed', explanation: expect.stringContaining(missing) };
    expect(JSON.parse(stdout)).toMatchObject({ operator, engine: 'local', ...wanted });
  },
  120_000,
);
