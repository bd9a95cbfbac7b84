import type { DiskPruning, ImagesPruned } from '../../api/prune-contract.ts';
import type { KeptImage, Engine } from '../../engines/engine.ts';
import { reusedExperiment } from '../../operators/image.ts';
import type { ExperimentStore } from '../store/store.ts';

/** What removing images needs. */
export interface ImagesRemoving {
  store: Pick<ExperimentStore, 'live' | 'build' | 'state' | 'submission'>;
  engines: ReadonlyMap<string, Pick<Engine, 'images'>>;
  now: () => Date;
}

/**
 * Removes images of containers that were built here, that no live experiment uses or is about to use (`skipBuild`), and whose
 * experiments ended longer ago than asked for. What another container still uses stays.
 */
export async function pruneImages(
  { store, engines, now }: ImagesRemoving,
  { older_than_s: seconds }: DiskPruning,
): Promise<ImagesPruned> {
  const pruned: ImagesPruned = { images: [], unanswered: [] };
  for (const { images: built } of engines.values()) {
    if (built === undefined) continue;
    const { images, unanswered } = await built.list();
    pruned.unanswered.push(...unanswered);
    for (const image of images) {
      const usedAt = lastUse(image, store);
      if ((now().getTime() - usedAt.getTime()) / 1000 < seconds) continue;
      if (isNeeded(image, store) || !(await built.remove(image))) continue;
      const { program, id, experiments } = image;
      pruned.images.push({ program, id, experiments, used_at: usedAt.toISOString() });
    }
  }
  return pruned;
}

/** The end of the last experiment that it was built for, as far as there is a record, else when it was made. */
function lastUse({ experiments, created_at }: KeptImage, store: Pick<ExperimentStore, 'state'>): Date {
  const ends = experiments.flatMap((id) => store.state(id)?.record.ended_at ?? []);
  return new Date([created_at, ...ends].map((time) => Date.parse(time)).reduce((a, b) => Math.max(a, b)));
}

/** By an experiment that lives: its own, or an earlier one's that its manifest names. */
function isNeeded({ id, experiments }: KeptImage, store: ImagesRemoving['store']): boolean {
  const live = store.live();
  if (live.some((each) => experiments.includes(each))) return true;
  const reused = live.flatMap((each) => {
    const plan = store.submission(each)?.plan ?? null;
    return (plan === null ? null : reusedExperiment(plan)) ?? [];
  });
  return [...live, ...reused].some((each) => Object.values(store.build(each)?.data ?? {}).includes(id));
}
