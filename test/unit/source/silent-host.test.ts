/** A host that takes connections and says nothing: Git ends, in words that say why. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { fetchCommit, headsOf, resolveCommit } from '../../../src/source/git.ts';
import { messageOf } from '../../../src/source/remote.ts';
import { isSilence, unreachable } from '../../../src/source/resolve-commit.ts';

vi.setConfig({ testTimeout: 120_000 });

const env = { ...process.env, AICHOR_GIT_SILENCE: '1', no_proxy: '127.0.0.1', NO_PROXY: '127.0.0.1' };
const hasSsh = spawnSync('ssh', ['-V']).status === 0;
if (!hasSsh) process.stderr.write('skipped: a silent host of ssh, because there is no ssh\n');

const SHA = 'a'.repeat(40);

let server: Server | null = null;
const sockets = new Set<Socket>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server?.close();
});

async function silent(answer: string): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer !== '' && socket.write(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const BEGUN = [
  ...['HTTP/1.1 200 OK', 'content-type: application/x-git-upload-pack-advertisement'],
  ...['transfer-encoding: chunked', '', '1e', '001e# service=git-upload-pack\n', ''],
].join('\r\n');

it.each([
  ['at all', ''],
  ['more', BEGUN],
])('over http, that says nothing %s', async (_, answer) => {
  const repository = `http://${await silent(answer)}/r.git`;
  const refused = {
    code: 'not_found',
    message: expect.stringContaining('too slow'),
    hint: expect.stringContaining('said nothing'),
  };
  await expect(headsOf(repository, { env })).rejects.toMatchObject(refused);
  await expect(messageOf(repository, SHA, { env })).rejects.toMatchObject(refused);
  await expect(resolveCommit({ repository, ref: 'main', env })).rejects.toMatchObject(refused);
  const directory = `/tmp/aichor-never-${process.pid}`;
  const wish = { depth: 1, submodules: 'false', includeDotGit: false, directory, env } as const;
  await expect(fetchCommit({ ...wish, repository, sha: SHA })).rejects.toMatchObject(refused);
});

it.skipIf(!hasSsh)('over ssh', async () => {
  const repository = `ssh://git@${await silent('')}/r.git`;
  await expect(headsOf(repository, { env })).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringMatching(/timed out/i),
    hint: expect.stringContaining('said nothing'),
  });
});

it('is not what the name of a repository says', () => {
  const reason = "unable to access 'https://host/ada/timeout.git/': The requested URL returned error: 403";
  expect(isSilence(reason)).toBe(false);
  expect(unreachable('https://host/ada/timeout.git', reason).hint).toContain('git ls-remote');
  expect(isSilence("unable to access 'https://host/r.git/': SSL connection timeout")).toBe(true);
});
