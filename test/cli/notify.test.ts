import { spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeReceiver } from '../unit/server/told/receiver.ts';
import { BIN, documentOf, errorOf, makeProgram, type Program } from './program.ts';

let program: Program;
let receiver: Awaited<ReturnType<typeof makeReceiver>>;
beforeAll(async () => {
  program = makeProgram('notify');
  receiver = await makeReceiver();
});
afterAll(async () => {
  program.close();
  await receiver.close();
});

async function received(count: number): Promise<void> {
  await expect.poll(() => receiver.received.length, { timeout: 30_000 }).toBe(count);
}

it('tells a webhook, signed with a secret that a command shows and nobody else can read', async () => {
  const { stdout } = await program.submit('--quiet', '--notify', `${receiver.url}/hook?token=t0`);
  await received(1);
  const [{ headers, body } = { headers: {} as IncomingHttpHeaders, body: '' }] = receiver.received;
  expect(JSON.parse(body)).toMatchObject({
    type: 'experiment.ended',
    data: { experiment_id: stdout.trim(), status: 'Succeeded', pods: [{ exit_code: 0 }] },
  });
  const { webhook_secret: secret } = documentOf(await program.aichor(['auth', 'webhook-secret']));
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const signature = createHmac('sha256', key).update(signed).digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${signature}`);
  const file = join(program.home, 'state', 'webhook-secret');
  expect([statSync(file).mode & 0o777, readFileSync(file, 'utf8').trim()]).toEqual([0o600, secret]);
  const log = readFileSync(join(program.home, 'state', 'server.log'), 'utf8');
  const record = await program.aichor(['experiments', 'get', 'latest']);
  expect(`${log}${record.stdout}`).not.toMatch(/token=t0|whsec_/);
  const rotated = documentOf(await program.aichor(['auth', 'webhook-secret', '--rotate']));
  expect(rotated.webhook_secret).not.toBe(secret);
});

it('hands the record to a command, in the folder it is named from', async () => {
  const told = join(program.home, 'told.json');
  await program.submit('--quiet', '--notify', `sh -c 'cat > "$0"' ${told}`, '--env', 'CODE=3');
  const read = () => {
    try {
      return JSON.parse(readFileSync(told, 'utf8')).data.status;
    } catch {
      return null;
    }
  };
  await expect.poll(read, { timeout: 30_000 }).toBe('Failed');
});

it('is a setting for all, shown without what may be secret; --no-notify beats it', async () => {
  const before = receiver.received.length;
  const set = documentOf(await program.aichor(['context', 'set', 'notify', `${receiver.url}/x?token=t1`]));
  expect(set.settings.notify).toEqual({ value: `${receiver.url}/***`, origin: 'file' });
  await program.submit('--quiet', '--wait', '--no-notify');
  await program.submit('--quiet', '--wait');
  await received(before + 1);
  const unset = documentOf(await program.aichor(['context', 'set', 'notify', '--unset']));
  expect(unset.settings.notify).toEqual({ value: null, origin: 'default' });
});

it('refuses what is neither an address nor a command, before anything is sent', async () => {
  for (const notify of ['ftp://example.com', '', "sh -c 'x"]) {
    const refused = await program.submit('--notify', notify);
    expect([refused.code, errorOf(refused).code]).toEqual([2, 'usage']);
  }
  const more = { AICHOR_SERVER: 'http://127.0.0.1:1', AICHOR_API_KEY: 'k' };
  const args = ['experiments', 'submit', 'local', '--notify', 'notify-send done'];
  const remote = await program.aichor(args, { more });
  expect([remote.code, errorOf(remote).message]).toEqual([2, "--notify: a team's server runs no commands"]);
});

const hasScript = spawnSync('script', ['--version']).status === 0;
if (!hasScript) process.stderr.write('skipped: the bell, because script (util-linux) is not installed\n');

it.runIf(hasScript)('rings on a terminal after a long wait, and in no pipe', async () => {
  await program.submit('--quiet', '--wait');
  const env = { ...program.env, AICHOR_BELL_SECONDS: '0', TERM: 'xterm' };
  const onTerminal = (args: string, more: NodeJS.ProcessEnv = {}) =>
    spawnSync('script', ['-qec', `'${process.execPath}' '${BIN}' ${args}`, '/dev/null'], {
      env: { ...env, ...more },
      cwd: program.repo,
      encoding: 'utf8',
    }).stdout;
  const bell = /\u0007\u001B\]9;aichor: experiment [0-9a-f]{8} succeeded\u0007\u001B\]777;notify;aichor;/;
  const submit = 'experiments submit local --follow --no-notify';
  expect(onTerminal(submit)).toMatch(bell);
  expect(onTerminal(submit, { NO_BELL: '1' })).not.toContain('\u0007');
  expect(onTerminal('experiments list')).not.toContain('\u0007');
  expect(onTerminal(`${submit} 2>/dev/null | cat`)).not.toContain('\u0007');
  const piped = await program.submit('--follow');
  expect(piped.stdout + piped.stderr).not.toContain('\u0007');
});
