import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changeLine, type ChangeLine } from '../../src/api/told/event-contract.ts';
import { openSqliteStore } from '../../src/server/store/sqlite.ts';
import { events } from '../../src/server/told/events.ts';
import { createFakeEngine } from '../fakes/fake-engine.ts';
import { NEW } from '../unit/experiment/facts.ts';
import { createTestPlane, FILES, localSubmission, type TestPlane } from './control-plane.ts';

let t: TestPlane;
let snapshot: string;

beforeEach(async () => {
  t = await createTestPlane({ engine: createFakeEngine({ capacity: { max_experiments: 0 } }) });
  snapshot = await t.snapshot(FILES);
});
afterEach(() => t.close());

async function submit(more: Parameters<typeof localSubmission>[1] = {}): Promise<string> {
  const { body } = await t.call('POST', '/experiments', localSubmission(snapshot, more));
  return body.experiment_id;
}

function parsed(text: string): Record<string, unknown>[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line));
}

async function changes(query = ''): Promise<ChangeLine[]> {
  const text = await (await t.stream(`/events${query}`)).text();
  return parsed(text)
    .filter((line) => 'sequence' in line)
    .map((line) => changeLine.parse(line));
}

/** Reads a stream until its lines are as wanted. */
async function readUntil(response: Response, wanted: (lines: Record<string, unknown>[]) => boolean) {
  let text = '';
  const reader = response.body?.getReader();
  while (!wanted(parsed(text.slice(0, text.lastIndexOf('\n') + 1)))) {
    const next = await reader?.read();
    if (next === undefined || next.done) throw new Error(`the stream ended: ${text}`);
    text += Buffer.from(next.value).toString();
  }
  await reader?.cancel();
  return parsed(text);
}

describe('changes of all experiments', () => {
  test('are numbered without a hole, from its acceptance to its deletion', async () => {
    const id = await submit({ message: 'first', labels: { a: 'b' } });
    const other = await submit();
    await t.call('POST', '/experiments/annotate', { ids: [id], set_labels: { a: 'c' }, note: 'good' });
    await t.call('POST', '/experiments/cancel', { ids: [id] });
    await t.call('POST', '/experiments/delete', { ids: [id] });
    const all = await changes();
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_line, index) => index + 1));
    const own = all.filter((line) => line.experiment_id === id);
    const kinds = own.map(({ kind }) => kind).filter((kind) => kind !== 'progress');
    expect(kinds).toEqual(['created', 'annotated', 'cancel_requested', 'ended', 'deleted']);
    expect(own[0]).toMatchObject({ previous_status: null, status: 'Waiting', data: { message: 'first' } });
    const ended = own.find(({ kind }) => kind === 'ended');
    expect(ended).toMatchObject({ previous_status: 'Waiting', status: 'Cancelled', labels: { a: 'c' } });
    expect(all.some((line) => line.experiment_id === other)).toBe(true);
  });

  test('are found by what is so after them: status, kind, label, sweep', async () => {
    const id = await submit({ labels: { a: 'b' } });
    await submit({ labels: { a: 'other' } });
    await t.call('POST', '/experiments/cancel', { all: true });
    expect((await changes('?label=a%3Db')).every((line) => line.experiment_id === id)).toBe(true);
    expect((await changes('?label=a')).length).toBeGreaterThan((await changes('?label=a%3Db')).length);
    const [ended, ...more] = await changes('?kind=ended&label=a%3Db&status=Cancelled');
    expect([ended?.experiment_id, more]).toEqual([id, []]);
    expect(await changes('?sweep=none')).toEqual([]);
    expect((await t.call('GET', '/events?labels=a')).status).toBe(400);
  });

  test('go on behind a sequence, with what is left out between told', async () => {
    await submit();
    const last = (await changes()).at(-1)?.sequence ?? 0;
    const answer = await t.stream(`/events?since=${last}&follow=true&kind=created&label=wanted`);
    await submit();
    const id = await submit({ labels: { wanted: '1' } });
    const lines = await readUntil(answer, (seen) => seen.some((line) => 'sequence' in line));
    expect(lines[0]).toEqual({ at: last });
    expect(lines.filter((line) => 'sequence' in line)).toMatchObject([{ experiment_id: id }]);
  });

  test('from now on are those that come', async () => {
    await submit();
    const answer = await t.stream('/events?since=now&follow=true&kind=created');
    const id = await submit();
    const lines = await readUntil(answer, (seen) => seen.some((line) => 'sequence' in line));
    expect(lines.find((line) => 'sequence' in line)).toMatchObject({ kind: 'created', experiment_id: id });
  });

  test('that cannot be asked for are refused, and break no stream', async () => {
    const { status, body } = await t.call('GET', '/events?label=');
    expect([status, body.error.code]).toEqual([400, 'usage']);
  });

  test('behind the latest there are none: another database has written that sequence', async () => {
    await submit();
    const { status, body } = await t.call('GET', '/events?since=9999');
    expect([status, body.error.code, body.error.exit_code]).toEqual([410, 'events_gone', 6]);
  });

  test('go on in a server that is started again', async () => {
    await submit();
    const before = await changes();
    const { data } = t;
    await t.close();
    t = await createTestPlane({ data, engine: createFakeEngine({ capacity: { max_experiments: 0 } }) });
    await submit();
    const after = await changes(`?since=${before.length}`);
    expect(after.map(({ sequence }) => sequence)).toEqual(
      after.map((_line, index) => before.length + 1 + index),
    );
    expect(await changes()).toEqual([...before, ...after]);
  });
});

describe('what is kept of them', () => {
  test('is bounded; to go on from before it is an error, and a reader who falls behind is told', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'aichor-feed-'));
    const now = () => new Date(NEW.created_at);
    const file = join(folder, 'store.sqlite');
    const store = await openSqliteStore({
      file,
      now,
      onChange: () => undefined,
      isWatched: () => false,
      keptChanges: 20,
    });
    const all = { since: undefined, follow: false, status: [], kind: [], label: [], sweep: undefined };
    const read = async (query: Partial<Parameters<typeof events>[1]>) => {
      const chunks: string[] = [];
      const signal = new AbortController().signal;
      for await (const chunk of events({ store }, { ...all, ...query }, signal))
        chunks.push(Buffer.from(chunk).toString());
      return parsed(chunks.join(''));
    };
    try {
      const submission = { manifest: '', plan: null, keep: false, vcs: {} };
      store.create([{ experiment: NEW, submission, facts: [], idempotency: null }]);
      const slow = events({ store }, { ...all, follow: true }, new AbortController().signal);
      const reader = slow[Symbol.asyncIterator]();
      expect(parsed(Buffer.from((await reader.next()).value).toString())).toEqual([{ at: 0 }]);
      for (let number = 0; number < 100; number++)
        store.append(NEW.experiment_id, [{ type: 'notice', code: 'n', message: String(number) }]);
      const { oldest, newest } = store.feed.range();
      expect(newest).toBe(101);
      expect(newest - oldest + 1).toBe(20);
      expect((await read({})).filter((line) => 'sequence' in line)).toHaveLength(20);
      expect((await read({ since: oldest - 1 })).filter((line) => 'sequence' in line)).toHaveLength(20);
      await expect(read({ since: oldest - 2 })).rejects.toMatchObject({ code: 'events_gone' });
      expect(parsed(Buffer.from((await reader.next()).value).toString())).toEqual([{ gone: oldest }]);
    } finally {
      store.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
