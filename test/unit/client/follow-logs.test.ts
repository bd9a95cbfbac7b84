import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../../../src/client/client.ts';
import { logLines, rawLog, type LogStreamOptions } from '../../../src/client/streams/follow-logs.ts';
import { AichorError } from '../../../src/errors.ts';
import { collect, createFixture, ERR, ID, OTHER, OUT, type Fixture } from '../logs/store/fixture.ts';

/** A log server over a real store whose connections break after as many bytes as `cutAfter` says. */
let fixture: Fixture;
let server: Server;
let cutAfter: () => number;
let connections: number;

beforeEach(async () => {
  fixture = await createFixture();
  cutAfter = () => Number.POSITIVE_INFINITY;
  connections = 0;
  server = createServer((request, response) => {
    connections++;
    const query = new URL(request.url ?? '', 'http://localhost').searchParams;
    void answer(query, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await fixture.remove();
});

async function answer(query: URLSearchParams, response: ServerResponse): Promise<void> {
  const controller = new AbortController();
  response.on('close', () => controller.abort(new Error('the reader went away')));
  const follow = query.get('follow') === 'true';
  const number = (key: string): object => (query.has(key) ? { [key]: Number(query.get(key)) } : {});
  const chunks = query.has('raw')
    ? fixture.logs.raw({ pod: 'worker-0-0', follow, signal: controller.signal, ...number('skip') })
    : fixture.logs.read(
        { ...number('after'), ...number('tail'), ...number('tail_at') },
        { follow, signal: controller.signal },
      );
  try {
    await pipeline(Readable.from(cut(chunks, cutAfter())), response);
  } catch {
    response.destroy();
  }
}

async function* cut(chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let left = limit;
  for await (const chunk of chunks) {
    if (chunk.length > left) {
      yield chunk.subarray(0, left);
      throw new Error('cut');
    }
    left -= chunk.length;
    yield chunk;
  }
}

function options(
  query: LogStreamOptions['query'],
  follow: boolean,
  more: Partial<LogStreamOptions> = {},
): LogStreamOptions {
  const { port } = server.address() as AddressInfo;
  const signal = new AbortController().signal;
  const client = createClient({ address: { url: `http://127.0.0.1:${port}` }, apiKey: null, signal });
  const open: LogStreamOptions['open'] = (asked) => client.logs(ID, asked);
  return { open, query, follow, signal, onReconnect: () => undefined, pause: async () => undefined, ...more };
}

async function printAll(): Promise<void> {
  for (let step = 0; step < 400; step++) {
    const source = [OUT, ERR, OTHER][step % 3] ?? OUT;
    await fixture.print(source, `${step} ${'é'.repeat(step % 40)}\n`);
    await fixture.logs.appended([source]);
  }
}

/** A seeded generator of numbers below `limit`. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % limit;
  };
}

describe('a followed log', () => {
  it('is the same after 200 cuts at any byte, while it is being written', async () => {
    const random = randomNumbers(20260501);
    let cuts = 0;
    cutAfter = () => (cuts++ < 200 ? random(800) : Number.POSITIVE_INFINITY);
    const followed = collect(logLines(options({}, true)));
    await printAll();
    await fixture.logs.finish();
    const bytes = await followed;
    cutAfter = () => Number.POSITIVE_INFINITY;
    expect(bytes.equals(await collect(logLines(options({}, false))))).toBe(true);
    expect(bytes.toString().split('\n')).toHaveLength(401);
    expect(connections).toBeGreaterThan(50);
  });

  it('passes over the empty lines of a server that has nothing to say', async () => {
    await printAll();
    await fixture.logs.finish();
    const bytes = await collect(logLines(options({}, false)));
    async function* beating() {
      yield Buffer.from('\n');
      for await (const chunk of fixture.logs.read(
        {},
        { follow: false, signal: new AbortController().signal },
      )) {
        yield chunk.subarray(0, 10);
        yield chunk.subarray(10);
        yield Buffer.from('\n\n');
      }
    }
    const chunks: Buffer[] = [];
    for await (const chunk of beating()) chunks.push(Buffer.from(chunk));
    // As the network may bring them: one by one, and all in one.
    for (const pieces of [chunks, [Buffer.concat(chunks)]]) {
      const open = async () => Readable.from(pieces);
      expect((await collect(logLines({ ...options({}, false), open }))).equals(bytes)).toBe(true);
    }
  });

  it('gives the same tail after cuts, though lines came meanwhile', async () => {
    await printAll();
    const whole = await collect(logLines(options({ tail: 5 }, false)));
    expect(whole.toString().split('\n')).toHaveLength(2 * 5 + 1);
    let connection = 0;
    cutAfter = () => {
      void fixture.print(OUT, 'late\n').then(() => fixture.logs.appended([OUT]));
      return connection++ < 8 ? 200 + connection * 20 : Number.POSITIVE_INFINITY;
    };
    const followed = logLines(options({ tail: 5 }, true));
    const seen: Buffer[] = [];
    while (Buffer.concat(seen).length < whole.length) {
      const next = await followed.next();
      if (next.done) break;
      seen.push(Buffer.from(next.value));
    }
    await followed.return(undefined);
    expect(Buffer.concat(seen).subarray(0, whole.length).toString()).toBe(whole.toString());
  });

  it('says once for each outage that it reconnects', async () => {
    await printAll();
    await fixture.logs.finish();
    const cuts = [0, 0, 0, 900];
    cutAfter = () => cuts.shift() ?? Number.POSITIVE_INFINITY;
    let said = 0;
    await collect(logLines(options({}, true, { onReconnect: () => said++ })));
    expect(connections).toBe(5);
    expect(said).toBe(2);
  });

  it('goes on when the server was away', async () => {
    await fixture.print(OUT, 'one\n');
    await fixture.logs.appended([OUT]);
    const standing = options({}, true);
    let away = 0;
    const open: LogStreamOptions['open'] = async (query) => {
      if (connections > 0 && away++ < 5) throw new AichorError('server_unreachable', 'nobody listens');
      return standing.open(query);
    };
    cutAfter = () => (connections === 1 ? 160 : Number.POSITIVE_INFINITY);
    const followed = collect(logLines({ ...standing, open }));
    await fixture.print(OUT, 'two\n');
    await fixture.logs.finish();
    expect((await followed).toString().match(/"text":"\w+"/g)).toEqual(['"text":"one"', '"text":"two"']);
    expect(away).toBeGreaterThanOrEqual(5);
  });
});

describe('a log that is read', () => {
  it('fails with what the system said when nobody listens any more', async () => {
    await printAll();
    let tries = 0;
    cutAfter = () => (tries++, 100);
    const open: LogStreamOptions['open'] = options({}, false).open;
    let opened = 0;
    const failing = options({}, false, {
      open: async (query) => {
        if (opened++ > 0) throw new AichorError('server_unreachable', 'nobody listens');
        return open(query);
      },
    });
    await expect(collect(logLines(failing))).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(tries).toBe(1);
  });

  it('is not tried for ever when every connection breaks', async () => {
    await printAll();
    cutAfter = () => 40;
    await expect(collect(logLines(options({}, false)))).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(connections).toBe(7);
  });

  it('fails at once when the server says no, or cannot be reached in the first place', async () => {
    for (const code of ['not_found', 'server_unreachable'] as const) {
      let opened = 0;
      const open = async (): Promise<never> => {
        opened++;
        throw new AichorError(code, 'no');
      };
      await expect(collect(logLines(options({}, true, { open })))).rejects.toMatchObject({ code });
      expect(opened).toBe(1);
    }
  });

  it('ends with the reason when the reader wants no more', async () => {
    await printAll();
    const controller = new AbortController();
    const { port } = server.address() as AddressInfo;
    const client = createClient({
      address: { url: `http://127.0.0.1:${port}` },
      apiKey: null,
      signal: controller.signal,
    });
    const followed = logLines(
      options({}, true, { signal: controller.signal, open: (query) => client.logs(ID, query) }),
    );
    await followed.next();
    const reason = new AichorError('interrupted', 'interrupted');
    controller.abort(reason);
    await expect(collect(followed)).rejects.toBe(reason);
  });
});

it('raw bytes are the same after cuts at any byte', async () => {
  const random = randomNumbers(7);
  let cuts = 0;
  cutAfter = () => (cuts++ < 60 ? random(600) : Number.POSITIVE_INFINITY);
  const followed = collect(rawLog(options({}, true)));
  await printAll();
  await fixture.print(OUT, 'no newline');
  await fixture.logs.finish();
  const bytes = await followed;
  cutAfter = () => Number.POSITIVE_INFINITY;
  expect(bytes.equals(await collect(rawLog(options({}, false))))).toBe(true);
  expect(bytes.toString().endsWith('no newline')).toBe(true);
});
