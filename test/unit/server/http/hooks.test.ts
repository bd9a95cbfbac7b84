/** What hooks are sent, before anybody knows who sent it: nothing is kept for nobody, and not more than there is room for. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { createHookHandler } from '../../../../src/server/http/hooks.ts';

let server: Server;
let taken: string[];
let sockets: Socket[];

async function open(bounds?: { held: number; comesMs: number }): Promise<void> {
  [taken, sockets] = [[], []];
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const handle = createHookHandler({
    hooks: {
      isThere: (hook) => hook === 'there',
      async take(_hook, { body }) {
        taken.push(String(body));
        return { status: 202, body: { delivery_id: 'd', decision: 'queued', why: '' } };
      },
    },
    ...{ log, meter: null },
    ...(bounds !== undefined && { bounds }),
  });
  server = createServer((incoming, outgoing) => void handle(incoming, outgoing)).listen(0, '127.0.0.1');
  await once(server, 'listening');
}
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

interface Sent {
  socket: Socket;
  /** Its answer, once the server has closed the connection. */
  answer: Promise<string>;
}

/** Sends the head of a delivery of `length` bytes, and of its body so many. */
function send(hook: string, length: number, now = length): Sent {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  const head = `POST /hooks/${hook} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`;
  socket.write(head + 'x'.repeat(now));
  let all = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (all += chunk));
  return { socket, answer: new Promise((go, fail) => socket.on('end', () => go(all)).on('error', fail)) };
}
const statusOf = async ({ answer }: Sent) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(await answer)?.[1]);

it('what is for no hook is answered before it has come', async () => {
  await open();
  const { answer } = send('nobody', 20_000_000, 10);
  expect(await answer).toMatch(/^HTTP\/1\.1 404 [^]*\r\nconnection: close\r\n/i);
  expect(await statusOf(send('nobody', 100))).toBe(404);
  expect(taken).toEqual([]);
});

it('what is for one waits for room when others take it, and theirs is given back', async () => {
  await open({ held: 1000, comesMs: 60_000 });
  const slow = send('there', 900, 800);
  await vi.waitFor(async () => {
    const { answer } = send('there', 900);
    expect(await answer).toMatch(/^HTTP\/1\.1 503 [^]*\r\nretry-after: 10\r\n/i);
  });
  expect(await statusOf(send('there', 100))).toBe(202);
  slow.socket.write('x'.repeat(100));
  expect(await statusOf(slow)).toBe(202);
  expect(await statusOf(send('there', 900))).toBe(202);
  // Who leaves gives it back as well.
  const gone = send('there', 900, 800);
  await vi.waitFor(async () => expect(await statusOf(send('there', 900))).toBe(503));
  gone.socket.destroy();
  await vi.waitFor(async () => expect(await statusOf(send('there', 900))).toBe(202));
});

it('what does not come to its end is not waited for', async () => {
  await open({ held: 1000, comesMs: 20 });
  expect(await statusOf(send('there', 900, 800))).toBe(408);
  expect(taken).toEqual([]);
});
