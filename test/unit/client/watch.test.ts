import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { jsonLines } from '../../../src/client/streams/json-lines.ts';
import { watchExperiments } from '../../../src/client/streams/watch.ts';
import { verdictOn, waitForEnd, worst } from '../../../src/cli/experiments/wait.ts';
import { AichorError } from '../../../src/errors.ts';
import { aSummary } from '../../fixtures/summary.ts';

const signal = new AbortController().signal;

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

describe('jsonLines', () => {
  it('gives the same lines however they are cut, and not an unfinished one', async () => {
    const bytes = Buffer.from('{"a":"é"}\n\n{"b":2}\n{"unfinished"');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const chunks = Readable.from(
        [bytes.subarray(0, cut), bytes.subarray(cut)].filter((chunk) => chunk.length > 0),
      );
      expect(await collect(jsonLines(chunks))).toEqual([{ a: 'é' }, { b: 2 }]);
    }
  });

  it('refuses what is no JSON', async () => {
    await expect(collect(jsonLines(Readable.from([Buffer.from('<html>\n')])))).rejects.toMatchObject({
      code: 'server_error',
    });
  });
});

const ID = '00000000-0000-4000-8000-000000000001';
const OTHER = '00000000-0000-4000-8000-000000000002';

/** A client whose connections are given one after the other: lines, then a clean end or an error. */
function watching(...connections: { lines: object[]; error?: Error }[]) {
  let opened = 0;
  const watch = async () => {
    const { lines, error } = connections[opened++] ?? { lines: [] };
    async function* chunks() {
      for (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`);
      if (error) throw error;
    }
    return Readable.from(chunks());
  };
  return { client: { watch }, opened: () => opened };
}

const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });

describe('watchExperiments', () => {
  it('goes on over lost connections, says so, and gives nothing twice', async () => {
    const running = aSummary({ experiment_id: ID, status: 'Running' });
    const done = aSummary({ experiment_id: ID, status: 'Succeeded' });
    const unreachable = new AichorError('server_unreachable', 'gone', { cause: reset });
    const { client } = watching(
      { lines: [running], error: reset },
      { lines: [], error: unreachable },
      { lines: [running] },
      { lines: [running, done] },
    );
    let lost = 0;
    const seen = await collect(
      watchExperiments({ client, query: { id: [ID] }, signal, onLost: () => lost++ }),
    );
    expect(seen.map(({ status }) => status)).toEqual(['Running', 'Succeeded']);
    expect(lost).toBe(3);
  });

  it('passes on what the server says', async () => {
    const { client, opened } = watching({
      lines: [],
      error: new AichorError('not_found', 'no such experiment'),
    });
    await expect(
      collect(watchExperiments({ client, query: { id: [ID] }, signal, onLost: () => undefined })),
    ).rejects.toMatchObject({ code: 'not_found' });
    expect(opened()).toBe(1);
  });
});

describe('waitForEnd', () => {
  const options = { signal, timeout: null, onChange: () => undefined, onLost: () => undefined };

  it('gives the ends in the order of the ids, and the verdict', async () => {
    const { client } = watching({
      lines: [
        aSummary({ experiment_id: OTHER, status: 'Succeeded' }),
        aSummary({
          experiment_id: ID,
          status: 'Failed',
          reason: 'NonZeroExit',
          explanation: 'worker-0-0 ended with 3',
        }),
      ],
    });
    const { experiments, error } = await waitForEnd({ ...options, client, ids: [ID, OTHER] });
    expect(experiments.map(({ experiment_id }) => experiment_id)).toEqual([ID, OTHER]);
    expect(error).toMatchObject({
      code: 'experiment_failed',
      message: expect.stringContaining('worker-0-0 ended with 3'),
    });
  });

  it('ends when the time is up, with what it saw', async () => {
    const watch = async () => {
      async function* chunks() {
        yield Buffer.from(`${JSON.stringify(aSummary({ experiment_id: ID, status: 'Running' }))}\n`);
      }
      return Readable.from(chunks());
    };
    const { experiments, error } = await waitForEnd({
      ...options,
      client: { watch },
      ids: [ID],
      timeout: 0.2,
    });
    expect(experiments).toMatchObject([{ status: 'Running' }]);
    expect(error).toMatchObject({ code: 'timeout', hint: expect.stringContaining(`cancel ${ID}`) });
  });

  it.each([
    { status: 'Running' as const, code: 'timeout' },
    { status: 'Failed' as const, code: 'experiment_failed' },
  ])('tells the state that was known ($status) when there is no time at all', async ({ status, code }) => {
    const { client } = watching();
    const known = [aSummary({ experiment_id: ID, status })];
    const { experiments, error } = await waitForEnd({ ...options, client, ids: [ID], known, timeout: 0 });
    expect(experiments).toEqual(known);
    expect(error).toMatchObject({ code });
  });

  it('throws the reason when it is interrupted', async () => {
    const controller = new AbortController();
    const reason = new AichorError('interrupted', 'interrupted');
    const { client } = watching();
    const waiting = waitForEnd({
      ...options,
      client,
      ids: [ID],
      signal: controller.signal,
      onLost: () => controller.abort(reason),
    });
    await expect(waiting).rejects.toBeInstanceOf(Error);
    expect(controller.signal.aborted).toBe(true);
  });
});

describe('verdicts', () => {
  it('of several are the one with the largest code, and name all', () => {
    const failed = aSummary({ experiment_id: ID, status: 'Failed' });
    const cancelled = aSummary({ experiment_id: OTHER, status: 'Cancelled' });
    const error = verdictOn([failed, cancelled]);
    expect(error).toMatchObject({ code: 'experiment_cancelled' });
    expect(error?.message).toContain(ID);
    expect(error?.message).toContain(OTHER);
    expect(verdictOn([aSummary({ status: 'Succeeded' })])).toBeNull();
    expect(worst([])).toBeNull();
  });
});
