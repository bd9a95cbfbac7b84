import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { waitForEnd } from '../../../../src/cli/experiments/wait.ts';
import type { Client } from '../../../../src/client/client.ts';
import { searchOf } from '../../../../src/base/http/query.ts';
import { aSummary } from '../../../fixtures/summary.ts';

const silent = { onChange: () => undefined, onLost: () => undefined };

/** Answers each watch with the end of every experiment that it names. */
function endedAtOnce() {
  const asked: string[][] = [];
  const client: Pick<Client, 'watch'> = {
    watch: async (query) => {
      const ids = 'id' in query ? query.id : [];
      asked.push(ids);
      return Readable.from(
        ids.map((id) =>
          Buffer.from(`${JSON.stringify(aSummary({ experiment_id: id, status: 'Succeeded' }))}\n`),
        ),
      );
    },
  };
  return { client, asked };
}

it('names no more experiments in one request than its address can hold, and waits for all', async () => {
  const ids = Array.from({ length: 450 }, () => crypto.randomUUID());
  const { client, asked } = endedAtOnce();
  const waited = await waitForEnd({
    ...{ client, ids, timeout: null, ...silent },
    signal: new AbortController().signal,
  });
  expect(waited.error).toBeNull();
  expect(waited.experiments.map((experiment) => experiment.experiment_id)).toEqual(ids);
  expect(asked.flat()).toEqual(ids);
  for (const id of asked) expect(searchOf({ id }).length).toBeLessThan(12_000);
});

it('does not watch those that are known to have ended', async () => {
  const known = [
    aSummary({ experiment_id: 'a', status: 'Succeeded' }),
    aSummary({ experiment_id: 'b', status: 'Failed' }),
  ];
  const { client, asked } = endedAtOnce();
  const options = { client, timeout: null, known, ...silent, signal: new AbortController().signal };
  const waited = await waitForEnd({ ...options, ids: ['a', 'b'] });
  expect(waited).toMatchObject({ experiments: known, error: { code: 'experiment_failed' } });
  expect(asked).toEqual([]);
  await waitForEnd({ ...options, ids: ['a', 'b', 'c'] });
  expect(asked).toEqual([['c']]);
});

it('ends all its watching when one of them fails', async () => {
  const ids = Array.from({ length: 450 }, () => crypto.randomUUID());
  const open: Readable[] = [];
  const client: Pick<Client, 'watch'> = {
    watch: async (query) => {
      const failing = 'id' in query && query.id.includes(ids[449] ?? '');
      const stream = failing ? Readable.from([Buffer.from('no JSON\n')]) : new Readable({ read() {} });
      open.push(stream);
      return stream;
    },
  };
  const waiting = waitForEnd({
    ...{ client, ids, timeout: null, ...silent },
    signal: new AbortController().signal,
  });
  await expect(waiting).rejects.toMatchObject({ code: 'server_error' });
  await expect.poll(() => open.every((stream) => stream.destroyed)).toBe(true);
});
