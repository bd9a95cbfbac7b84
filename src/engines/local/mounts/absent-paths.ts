import type { Notice } from '../../../experiment/record.ts';
import type { ImageLayout } from './run-image.ts';
import { isBelow } from './skeleton.ts';

const MOST = 3;

/** That paths of the image which are named are not there for the pods, and what to write instead of each. */
export function absentNotice(paths: readonly string[], layout: ImageLayout): Notice {
  const shown = paths.slice(0, MOST).map((path) => `${path} (${cureOf(path, layout)})`);
  const more = paths.length - shown.length;
  const listed = `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const message = `the command or the code names paths of the image at which nothing can be mounted on this machine: ${listed}`;
  return { code: 'image_paths_absent', message };
}

function cureOf(path: string, { tree, workdir }: ImageLayout): string {
  if (path === workdir || isBelow(path, workdir) || isBelow(workdir, path))
    return `the command starts in ${workdir}: write paths relative to that`;
  const isEnvironment = tree.get(path)?.kind === 'link' || tree.has(`${path}/bin`);
  if (isEnvironment || /\/bin\/[^/]+$/.test(path)) return 'call its programs by their names alone';
  return `copy it below the WORKDIR ${workdir}, and write paths relative to that`;
}
