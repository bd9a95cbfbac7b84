import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineCutter } from '../../../../../src/engines/kubernetes/logs/cut.ts';
import type { Stamp } from '../../../../../src/engines/kubernetes/logs/stamp.ts';
import { kubeletAnswer, printed } from '../../../../fakes/kubelet-log.ts';
import { cutAt, fragments } from './arbitrary.ts';

function cutAll(chunks: readonly Buffer[], isWanted: (stamp: Stamp) => boolean = () => true) {
  const begun: Stamp[] = [];
  const ended: { stamp: Stamp; kept: number }[] = [];
  const cutter = createLineCutter({
    begin(stamp) {
      begun.push(stamp);
      return isWanted(stamp);
    },
    end: (stamp, kept) => ended.push({ stamp, kept }),
  });
  const bytes = Buffer.concat(chunks.map((chunk) => cutter.cut(chunk)));
  return { bytes, begun, ended, foreign: cutter.foreign() };
}

test('stamps are cut out, wherever the stream is cut', () => {
  fc.assert(
    fc.property(fragments(), fc.array(fc.nat(400)), (log, cuts) => {
      const { bytes, ended, foreign } = cutAll(cutAt(kubeletAnswer(log, null), cuts));
      const text = printed(log);
      expect(bytes).toEqual(text);
      expect(foreign).toBe('');
      const ends = [...text].flatMap((byte, at) => (byte === 10 ? [at + 1] : []));
      expect(ended.map(({ kept }) => kept)).toEqual(ends);
    }),
  );
});

test('a line that nobody wants is left out', () => {
  const stream = Buffer.from('2026-01-01T00:00:01.0Z one\n2026-01-01T00:00:02.0Z two\n2026-01-01T00:00:03.0Z three');
  const { bytes, ended } = cutAll([stream], ({ seconds }) => seconds % 2 === 1);
  expect(bytes.toString()).toBe('one\nthree');
  expect(ended).toHaveLength(2);
}); // prettier-ignore

test.each([
  ['unable to retrieve container logs for containerd://1', '', 'unable to retrieve container logs for containerd://1'],
  ['2026-01-01T00:00:01.0Z a\nrpc error: code = NotFound desc = gone', 'a\n', 'rpc error: code = NotFound desc = gone'],
  ['the rest of a long line, whose head is older\n2026-01-01T00:00:01.0Z a\n', 'a\n', ''],
  ['short\n2026-01-01T00:00:01.0Z a\n', 'a\n', ''],
  ['2026-01-01T00:00:01.0Z 2026-01-01T00:00:01.0Z printed\n', '2026-01-01T00:00:01.0Z printed\n', ''],
  ['2026-01-01T00:00:01.0Z \n2026-01-01T00:00:01.0Z \n', '\n\n', ''],
])('of %j the log is %j', (stream, log, message) => {
  for (const chunks of [[Buffer.from(stream)], [...stream].map((character) => Buffer.from(character))]) {
    const { bytes, foreign } = cutAll(chunks);
    expect(bytes.toString()).toBe(log);
    expect(foreign).toBe(message);
  }
}); // prettier-ignore
