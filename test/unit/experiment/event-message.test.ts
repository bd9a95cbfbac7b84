import { expect, test } from 'vitest';
import { timeline } from '../../../src/experiment/event-message.ts';
import type { ExperimentFact } from '../../../src/experiment/event.ts';
import { CANCEL, ENDED, events, FAILURE, planned, pod, step } from './facts.ts';

const source = {
  kind: 'commit',
  snapshot: null,
  repository: '/r.git',
  commit_sha: 'abc',
  branch: 'main',
} as const;

test.each<[ExperimentFact, string]>([
  [step('build'), 'build: build'],
  [{ type: 'source', source }, 'source: commit abc of main from /r.git'],
  [planned('a', 'b'), 'planned: 2 pods, 1 CPU, 1 GB'],
  [{ type: 'notice', code: 'c', message: 'mind this' }, 'mind this'],
  [{ type: 'progress', message: 'next in the queue' }, 'next in the queue'],
  [{ type: 'attempt', attempt: 2, message: 'restart 1 of 3' }, 'restart 1 of 3'],
  [pod('a', 'Running'), 'a running'],
  [pod('a', 'Failed', { reason: 'NonZeroExit', exit_code: 3 }), 'a failed (NonZeroExit, exit code 3)'],
  [{ type: 'link', name: 'tensorboard', url: 'http://x' }, 'tensorboard: http://x'],
  [{ type: 'link', name: 'tensorboard', url: null }, 'tensorboard: stopped'],
  [{ type: 'workdir', path: '/w' }, 'working copies are kept in /w'],
  [CANCEL, 'cancel requested'],
  [FAILURE, 'NonZeroExit: a ended with code 1'],
  [ENDED, 'ended: everything has stopped'],
])('%o reads well', (fact, message) => {
  expect(timeline(events([fact]))).toEqual([{ time: '2026-01-01T00:00:00.000Z', type: fact.type, message }]);
});
