/** Commands in pods of a team's server that is behind TLS, and behind a proxy of the user's as well. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { BIN, documentOf, makeProgram, type Program } from './program.ts';

let machine: Program;
let user: Program;
let server: ChildProcess;
let front: Server;
let proxy: Server;
let direct: Record<string, string>;
let tunnelled: Record<string, string>;
let id: string;
const asked: { place: string; who: string | undefined }[] = [];
const sockets = new Set<Socket>();

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

beforeAll(async () => {
  machine = makeProgram('team');
  user = makeProgram('user');
  server = spawn(process.execPath, [BIN, 'server', 'start', '--local', '--port', '0'], { env: machine.env });
  const [line] = await once(server.stdout ?? server, 'data');
  const { address, key_file } = JSON.parse(String(line));
  const certificate = certificateIn(user.home);
  front = createTlsServer(certificate, (socket) =>
    joinBoth(socket, connect({ port: Number(new URL(address).port) })),
  );
  proxy = createHttpServer().on('connect', ({ url = '', headers }, socket: Socket) => {
    asked.push({ place: url, who: headers['proxy-authorization'] });
    const there = connect({ port: Number(url.split(':').at(-1)) }, () =>
      socket.write('HTTP/1.1 200 OK\r\n\r\n'),
    );
    joinBoth(socket, there);
  });
  direct = {
    AICHOR_SERVER: `https://localhost:${await portOf(front)}`,
    AICHOR_API_KEY: readFileSync(key_file, 'utf8').trim(),
    NODE_EXTRA_CA_CERTS: join(user.home, 'certificate.pem'),
  };
  // A name that only the proxy knows.
  tunnelled = {
    ...direct,
    AICHOR_SERVER: String(direct['AICHOR_SERVER']).replace('localhost', 'team.example'),
    HTTPS_PROXY: `http://anna:secret@127.0.0.1:${await portOf(proxy)}`,
  };
  const hold = ['--env', `HOLD=${join(user.home, 'hold')}`];
  const submitted = await user.aichor(['experiments', 'submit', 'local', '--quiet', ...hold], {
    more: direct,
  });
  id = submitted.stdout.trim();
  await vi.waitFor(async () => {
    const record = documentOf(await user.aichor(['experiments', 'get', id], { more: direct }));
    if (record.status !== 'Running') throw new Error(record.status);
  }, 60_000);
});
afterAll(async () => {
  await user.aichor(['experiments', 'cancel', id, '--wait'], { more: direct });
  server.kill('SIGTERM');
  await once(server, 'exit');
  for (const socket of sockets) socket.destroy();
  for (const one of [front, proxy]) await new Promise((resolve) => one.close(resolve));
  machine.close();
  user.close();
});

/** One that nobody vouches for. */
function certificateIn(folder: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const named = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,DNS:team.example'];
  execFileSync('openssl', ['req', ...made, ...named, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

function joinBoth(one: Socket, other: Socket): void {
  for (const socket of [one, other]) {
    sockets.add(socket);
    socket.on('error', () => [one, other].forEach((each) => each.destroy()));
    socket.on('close', () => sockets.delete(socket));
  }
  one.pipe(other).pipe(one);
}

async function portOf(listening: Server): Promise<number> {
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  const address = listening.address() as AddressInfo;
  return address.port;
}

it.each([
  ['TLS', () => direct],
  ['a proxy and TLS', () => tunnelled],
])('through %s: streams, exit code, files', async (_name, way) => {
  asked.length = 0;
  const more = way();
  const words = ['experiments', 'exec', id, '-i', '--', 'sh', '-c', 'cat; echo wrong >&2; exit 5'];
  const stdin = 'x'.repeat(3_000_000);
  const outcome = await user.aichor(words, { more, stdin });
  expect([outcome.code, outcome.stdout.length, outcome.stderr]).toEqual([5, stdin.length, 'wrong\n']);
  const place = `sent-${more === tunnelled}`;
  const file = join(user.home, place);
  writeFileSync(file, 'sent');
  const sent = await user.aichor(['experiments', 'copy', file, `${id}::${place}`], { more });
  expect(sent.code, sent.stderr).toBe(0);
  const back = await user.aichor(['experiments', 'copy', `${id}::${place}`, `${file}-back`], { more });
  expect(back.code, back.stderr).toBe(0);
  expect(readFileSync(`${file}-back`, 'utf8')).toBe('sent');
  const who = `Basic ${Buffer.from('anna:secret').toString('base64')}`;
  const { host } = new URL(String(more['AICHOR_SERVER']));
  if (more === tunnelled) expect(asked).toContainEqual({ place: host, who });
  else expect(asked).toEqual([]);
});
