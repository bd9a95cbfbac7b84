import { expect, test } from 'vitest';
import type { KeptImage } from '../../../src/engines/engine.ts';
import { pruneImages } from '../../../src/server/storage/images.ts';
import { jobset, planOf } from '../../engine/house.ts';

const NOW = new Date('2026-06-30T12:00:00Z');
const DAY_S = 24 * 3600;

const daysAgo = (days: number) => new Date(NOW.getTime() - days * DAY_S * 1000).toISOString();

function image(id: string, days: number, experiments: string[] = []): KeptImage {
  return { program: 'podman', id, experiments, created_at: daysAgo(days) };
}

interface Known {
  /** Live experiments, with the image that each was built. */
  live?: Record<string, string | null>;
  /** The experiment whose image a live one names. */
  reused?: string;
  /** When others ended, in days before now. */
  ended?: Record<string, number>;
  /** Images that containers still use. */
  held?: string[];
  unanswered?: string[];
}

async function prune(images: KeptImage[], days: number, known: Known = {}) {
  const { live = {}, reused, ended = {}, held = [], unanswered = [] } = known;
  const plan = planOf(jobset('true'));
  const skip = { experiment_id: reused ?? null, fail_if_not_found: true };
  const builder = { ...plan.builder, skip_build: reused === undefined ? null : skip };
  const store = {
    live: () => Object.keys(live),
    build: (id: string) => ({ message: '', notices: [], data: { container_image: { ...live, first: 'a' }[id] } }),
    state: (id: string) => (id in ended ? { record: { ended_at: daysAgo(ended[id] ?? 0) } } : null),
    submission: () => ({ manifest: '', keep: false, vcs: {}, plan: { ...plan, builder } }),
  } as unknown as Parameters<typeof pruneImages>[0]['store'];
  const built = {
    list: () => Promise.resolve({ images, unanswered }),
    remove: ({ id }: KeptImage) => Promise.resolve(!held.includes(id)),
  };
  const engines = new Map([['local', { images: built }], ['cluster', {}]]);
  return pruneImages({ store, engines, now: () => NOW }, { older_than_s: days * DAY_S });
} // prettier-ignore

test('those go whose experiments ended so long ago, and that no live one has', async () => {
  const images = [image('a', 40, ['first', 'second']), image('b', 40), image('c', 40, ['third'])];
  const pruned = await prune(images, 30, { live: { running: 'b' }, ended: { first: 35, second: 10, third: 31 } });
  expect(pruned).toEqual({
    images: [{ program: 'podman', id: 'c', experiments: ['third'], used_at: daysAgo(31) }],
    unanswered: [],
  });
}); // prettier-ignore

test('one that a live experiment is about to be given stays, and one that is being built', async () => {
  const images = [image('a', 40, ['first']), image('b', 40, ['building'])];
  const pruned = await prune(images, 0, { live: { waiting: null, building: null }, reused: 'first' });
  expect(pruned.images).toEqual([]);
});

test('what a container still uses is not counted as removed; who does not answer is named', async () => {
  const known = { held: ['a'], unanswered: ['docker: Cannot connect to the Docker daemon'] };
  const pruned = await prune([image('a', 2), image('b', 2)], 1, known);
  expect(pruned.images.map(({ id }) => id)).toEqual(['b']);
  expect(pruned.unanswered).toEqual(['docker: Cannot connect to the Docker daemon']);
});
