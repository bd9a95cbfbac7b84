import { expect, test } from 'vitest';
import { rayHistoryLink } from '../../../../src/engines/kubernetes/links/ray-history.ts';
import {
  completeSettings,
  readSettings,
} from '../../../../src/render/kubernetes/settings/settings-schema.ts';
import { EXPERIMENT, NAME } from './pods.ts';

const linkAt = (url: unknown) =>
  rayHistoryLink(completeSettings(readSettings({ ray_history_url: url }, 'x'), 'team'), EXPERIMENT);

test.each([
  ['https://history.example', `https://history.example/enter_cluster/team/rayjob/${NAME}`],
  ['http://history.example:8265/', `http://history.example:8265/enter_cluster/team/rayjob/${NAME}`],
  [
    'https://tools.example/ray/history/',
    `https://tools.example/ray/history/enter_cluster/team/rayjob/${NAME}`,
  ],
])('a history server at %s shows an experiment by its Ray job', (url, expected) => {
  expect(linkAt(url)).toBe(expected);
});

test('none that is set is none', () => expect(linkAt(null)).toBeNull());

test.each([
  ['javascript:alert(1)', /must be a web address/],
  ['history.example', /must be a web address/],
  ['https://me:secret@history.example', /must have no user and no password/],
])('%s is no address of one', (url, why) => {
  expect(() => linkAt(url)).toThrow(why);
});
