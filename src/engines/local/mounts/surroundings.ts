import { unmountablePaths } from '../../../dockerfile/tree/mount-targets.ts';
import type { Notice } from '../../../experiment/record.ts';
import type { RunContext } from '../../engine.ts';
import type { Host } from '../shared/host.ts';
import type { Imports } from '../build/editable/places.ts';
import { readImports } from '../build/editable/read-imports.ts';
import { prepareMounts, type Mount, type Mounts } from './prepare.ts';
import { absentNotice } from './absent-paths.ts';
import { namedPaths, wantedMounts } from './wanted.ts';
import { readRunImage, type RunImage } from './run-image.ts';
import type { InstallerMentions } from '../build/packages/mentions.ts';
import { readInstallers } from '../build/packages/wants.ts';
import { prepareVolumes, type Volume } from './volumes.ts';

/** What all pods of an experiment find around them, beside variables and programs. */
export interface Surroundings {
  image: RunImage;
  /** Null: nothing is mounted; things are where the notices say. */
  mounts: Mounts | null;
  /** What the pods change of their Python environment while they run. */
  installers: InstallerMentions;
  /** Folders that editable installations are imported from: paths of the image, or in the pod's working copy. */
  imports: readonly string[];
}

export const NO_SURROUNDINGS: Surroundings = {
  image: { env: new Map(), layout: null },
  mounts: null,
  installers: { installs: false, uvRun: false, loginShell: false },
  imports: [],
};

/** Prepares volumes, the image's layout, and mounts for both where they are allowed; notices tell what is otherwise. */
export async function prepareSurroundings(
  host: Pick<Host, 'dataFolder' | 'entrance'>,
  context: RunContext,
  programs: readonly string[],
): Promise<{ surroundings: Surroundings; notices: Notice[] }> {
  const { plan, directory, experimentId } = context;
  const { volumes, notices } = await prepareVolumes(plan, { data: host.dataFolder, directory });
  const image = await readRunImage(context, host.dataFolder);
  const wanted = await wantedMounts(image.layout, volumes, context);
  const installers = await readInstallers(context);
  if (installers.installs) notices.push(PRIVATE);
  const { folders: imports, copied } = await readImports(image, host.dataFolder, context);
  notices.push(...copied.map(notEditable));
  const { layout } = image;
  const unmountable = layout === null ? [] : unmountablePaths(layout.tree.paths());
  const tellAbsent = async (paths: readonly string[]) => {
    const named = layout === null ? [] : await namedPaths([...paths, ...unmountable], layout, context);
    if (layout !== null && named.length > 0) notices.push(absentNotice(named, layout));
  };
  if (wanted.length === 0) {
    await tellAbsent([]);
    return { surroundings: { image, mounts: null, installers, imports }, notices };
  }
  const needed = [host.dataFolder, ...programs];
  const { mounts, refused } = await prepareMounts({
    mounts: wanted,
    directory,
    experimentId,
    needed,
    entrance: await host.entrance(),
  });
  const missing = mounts === null ? wanted : refused;
  notices.push(...absentVolumes(missing, volumes));
  await tellAbsent(missing.filter(({ source }) => source === null).map(({ path }) => path));
  return { surroundings: { image, mounts, installers, imports }, notices };
}

const PRIVATE: Notice = {
  code: 'packages_private',
  message:
    'packages are installed while it runs: each pod has a Python environment of its own for that, which goes with it; in the Dockerfile or the dependencies they would be installed once',
};

function notEditable({ name, missing }: Imports['copied'][number]): Notice {
  const message = `${name} is installed as an ordinary package, not editable: ${missing} is made while it is installed, and is not among its sources`;
  return { code: 'editable_copied', message };
}

/** Volumes by their folders. */
function absentVolumes(missing: readonly Mount[], volumes: readonly Volume[]): Notice[] {
  return volumes
    .filter(({ folder }) => missing.some(({ source }) => source === folder))
    .map(({ what, path, folder }) => ({
      code: 'mount_point_ignored',
      message: `${what} cannot be mounted at ${path} on this machine; here it is the folder ${folder}`,
    }));
}
