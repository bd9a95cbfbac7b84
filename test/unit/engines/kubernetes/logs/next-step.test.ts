import { expect, test } from 'vitest';
import { nextStep, type ReadingEnd } from '../../../../../src/engines/kubernetes/logs/read.ts';

const whole: ReadingEnd = { kind: 'ended', message: null };
const words: ReadingEnd = { kind: 'ended', message: 'unable to retrieve container logs' };
const refused: ReadingEnd = { kind: 'refused', message: 'pods "p" not found' };
const broken: ReadingEnd = { kind: 'broken', message: 'aborted' };
const at = (final: boolean, began: boolean, wasWhole: boolean) => ({ final, began, wasWhole });

test.each([
  ['the whole log of what has ended', whole, at(true, true, false), null],
  ['nothing was ever printed', whole, at(true, false, false), null],
  ['its log was removed after all had been read', words, at(true, false, true), null],
  ['its pod was removed after all had been read', refused, at(true, false, true), null],
  ['its log was removed before that', words, at(true, false, false), 'unable to retrieve container logs'],
  ['its pod was removed before that', refused, at(true, false, false), 'pods "p" not found'],
  ['the kubelet failed on the way', words, at(true, true, true), 'unable to retrieve container logs'],
])('%s: done', (_, end, facts, missing) => {
  expect(nextStep(end, facts)).toEqual({ step: 'done', missing });
});

test.each([
  ['a stream ended and nobody knows why yet', whole, at(false, true, false), { pause: true, wasWhole: true }],
  ['it has not started', refused, at(false, false, false), { pause: true, wasWhole: false }],
  ['its pod is gone, which nobody has told yet', refused, at(false, false, true), { pause: true, wasWhole: true }],
  ['a stream broke', broken, at(false, true, true), { pause: true, wasWhole: false }],
  ['it could not even be opened', broken, at(false, false, true), { pause: true, wasWhole: true }],
  ['nor after the end', broken, at(true, false, false), { pause: true, wasWhole: false }],
  ['it was silent', { kind: 'silent' }, at(false, true, true), { pause: true, wasWhole: false }],
  ['the disk is full', { kind: 'unkept', message: 'ENOSPC' }, at(true, true, false), { pause: true, wasWhole: false }],
  ['the place was not found', { kind: 'misaligned' }, at(true, true, false), { pause: false, seek: true, wasWhole: false }],
] as const)('%s: again', (_, end, facts, step) => {
  expect(nextStep(end, facts)).toEqual({ step: 'again', seek: false, ...step });
}); // prettier-ignore
