import { expect } from 'vitest';
import { isAichorError } from '../../src/errors.ts';
import {
  countingManifest,
  logTexts,
  makeHome,
  ranPods,
  sendSnapshot,
  untilEnded,
  type ServerProcess,
} from './process.ts';

/**
 * Submits to a server that is killed at a point, starts another one, and submits again with the same key, as a client
 * that has lost the reply does. The outcome must be that of a server that nobody killed.
 */
export async function surviveCrashAt(point: string): Promise<void> {
  const home = await makeHome();
  try {
    const first = await home.start({ AICHOR_CRASH_AT: point });
    const files = { 'manifest.yaml': countingManifest(0.2), Dockerfile: 'FROM python:3.12\n' };
    const snapshot = await sendSnapshot(first.client, files);
    const submission = {
      source: { kind: 'local', snapshot },
      idempotency_key: 'one',
      shell: { PATH: process.env['PATH'] ?? '' },
    } as const;
    await submitInVain(first, submission);
    expect(await first.ended).toEqual({ code: null, signal: 'SIGKILL' });
    const second = await home.start();
    const { experiment_id: id } = await second.client.submit(submission);
    const record = await untilEnded(second.client, id);
    expect(record).toMatchObject({ status: 'Succeeded', attempt: 1 });
    expect(record.pods.map(({ exit_code }) => exit_code)).toEqual([0, 0]);
    expect(await ranPods(record)).toEqual(['worker-0-0', 'worker-1-0']);
    const texts = ['bye', 'hello from worker-0-0', 'bye', 'hello from worker-1-0'];
    expect((await logTexts(second.client, id)).sort()).toEqual(
      texts.map((text, index) => `worker-${index < 2 ? 0 : 1}-0: ${text}`).sort(),
    );
    expect((await second.client.list({})).experiments).toHaveLength(1);
    const times = record.events.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
  } finally {
    await home.remove();
  }
}

/** The server may die before it answers, or after. */
async function submitInVain(
  { client }: ServerProcess,
  submission: Parameters<typeof client.submit>[0],
): Promise<void> {
  try {
    await client.submit(submission);
  } catch (error) {
    if (!isAichorError(error) || error.code !== 'server_unreachable') throw error;
  }
}
