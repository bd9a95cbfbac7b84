import { lstat, readdir } from 'node:fs/promises';
import { briefly } from '../../../../base/io/brief.ts';
import { ifThere } from '../../../../base/io/files.ts';
import { counted } from '../../../../base/text/plural.ts';
import type { ExperimentFact } from '../../../../experiment/event.ts';
import type { LivePod } from '../../pod/pod.ts';

/** Names that are told. */
const MOST_NAMES = 5;

/** What programs leave without being asked, and nobody misses. */
const NOBODYS = /^\.|^__pycache__$|\.(?:pyc|egg-info|tmp|lock)$|^nohup\.out$/;

/**
 * New files in a pod's working folder, which is removed: they stand there because a library writes to where it runs
 * unless told otherwise (mlflow.db, multirun/, wandb/). Sorted; folders end in a slash.
 *
 * @param since when the pod started; what was laid out before that is older
 */
export async function leftBehind(folder: string, since: Date): Promise<string[]> {
  const entries = (await briefly(() => ifThere(readdir(folder, { withFileTypes: true })))) ?? [];
  const left: string[] = [];
  for (const entry of entries) {
    if (NOBODYS.test(entry.name) || !(entry.isFile() || entry.isDirectory())) continue;
    const found = await ifThere(lstat(`${folder}/${entry.name}`));
    if (found === null) continue;
    // Where the file system does not know when it was made, a change tells: of a file of ours that would be ours too.
    const made = found.birthtimeMs > 0 ? found.birthtimeMs : found.ctimeMs;
    if (made >= since.getTime()) left.push(entry.isDirectory() ? `${entry.name}/` : entry.name);
  }
  return left.toSorted();
}

/**
 * The notice of what these pods left; null: nothing.
 *
 * @param folderOf where a pod starts
 */
export async function leftBehindNotice(
  pods: readonly LivePod[],
  folderOf: (pod: LivePod) => Promise<string>,
): Promise<Extract<ExperimentFact, { type: 'notice' }> | null> {
  const found: { pod: string; names: string[] }[] = [];
  const looked = new Set<string>();
  for (const pod of pods) {
    const { started_at: since } = pod;
    const folder = since === null ? null : await folderOf(pod);
    if (folder === null || since === null || looked.has(folder)) continue;
    looked.add(folder);
    const names = await leftBehind(folder, since);
    if (names.length > 0) found.push({ pod: pod.name, names });
  }
  const [first, ...others] = found;
  if (first === undefined) return null;
  const more = first.names.length > MOST_NAMES ? ` and ${first.names.length - MOST_NAMES} more` : '';
  const who = others.length === 0 ? first.pod : `${first.pod} (and ${counted(others.length, 'other pod')})`;
  const what = `${first.names.slice(0, MOST_NAMES).join(', ')}${more}`;
  const message = `${who} left ${what} in its working folder, which is removed; what is written to AICHOR_OUTPUT_PATH stays`;
  return { type: 'notice', code: 'files_left', message };
}
