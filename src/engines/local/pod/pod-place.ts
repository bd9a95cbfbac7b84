import { join } from 'node:path';
import type { RunContext } from '../../engine.ts';
import { podMounts } from '../mounts/prepare.ts';
import { isBelow } from '../mounts/skeleton.ts';
import type { Surroundings } from '../mounts/surroundings.ts';
import type { LivePod } from './pod.ts';
import { layOutImage } from '../mounts/run-image.ts';
import { podFolder, workCopy } from './workdir.ts';

/** Where a pod runs. */
export interface PodPlace {
  /** Folder of the machine in which it starts. */
  folder: string;
  /** The same in its own eyes. */
  start: string;
  /** Words before its command that give it its mounts. */
  enter: string[];
  /** Folder that stands for the image's root; null: the image's files are at their paths, or it lays none out. */
  root: string | null;
  /** Folders that come after those of PYTHONPATH: what is installed editable is imported from there. */
  imports: string[];
}

/**
 * Makes what is not there yet: the pod's working copy, as the image would have it or as the context is, and its
 * mounts.
 */
export async function podPlace(
  {
    context,
    surroundings,
    contained,
  }: { context: RunContext; surroundings: Surroundings; contained: boolean },
  { attempt, pod, signal }: { attempt: number; pod: LivePod; signal: AbortSignal },
): Promise<PodPlace> {
  const { layout } = surroundings.image;
  const { mounts } = surroundings;
  const copy = workCopy(context, attempt, pod.name);
  const isLaidOver = mounts?.own.some(({ source }) => source === null) ?? false;
  if (layout !== null) await layOutImage(layout, { context, root: copy, signal, mounted: isLaidOver });
  const folder =
    layout === null
      ? await podFolder(context, { attempt, pod: pod.name, signal })
      : join(copy, layout.tree.follow(layout.workdir));
  const imports = surroundings.imports.map((path) => join(copy, path));
  if (mounts === null)
    return { folder, start: folder, enter: [], root: layout === null ? null : copy, imports };
  const isThere = (path: string) =>
    mounts.own.some((mount) => mount.source === null && (mount.path === path || isBelow(path, mount.path)));
  const start = layout !== null && isThere(layout.workdir) ? layout.workdir : folder;
  const enter = await podMounts(mounts, { file: `${pod.base}.mounts`, copy, folder: start, contained });
  if (layout !== null && isLaidOver)
    return { folder, start, enter, root: null, imports: [...surroundings.imports] };
  return { folder, start, enter, root: layout === null ? null : copy, imports };
}
