import { expect, it } from 'vitest';
import { EMPTY_LINE, withBeats } from '../../../../src/server/http/routes/stream.ts';

it('a silent stream says an empty line, again and again, and loses nothing', async () => {
  let go: (value?: unknown) => void = () => undefined;
  const waited = new Promise((resolve) => (go = resolve));
  let ended = false;
  async function* chunks() {
    try {
      yield Buffer.from('a\n');
      await waited;
      yield Buffer.from('b\n');
    } finally {
      ended = true;
    }
  }
  const got: string[] = [];
  for await (const chunk of withBeats(chunks(), { beat: EMPTY_LINE, afterMs: 5 })) {
    got.push(Buffer.from(chunk).toString());
    if (got.filter((text) => text === '\n').length === 3) go();
  }
  expect(got[0]).toBe('a\n');
  expect(got.at(-1)).toBe('b\n');
  expect(ended).toBe(true);
});

it('a stream that fails fails as it is', async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a\n');
    throw new Error('broken');
  }
  await expect(async () => {
    for await (const _chunk of withBeats(chunks(), { beat: EMPTY_LINE, afterMs: 1000 }));
  }).rejects.toThrow('broken');
});
