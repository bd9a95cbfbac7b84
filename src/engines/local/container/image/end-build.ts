import { readdir } from 'node:fs/promises';
import { sleep } from '../../../../base/async/abort.ts';
import { ifThere, readIfPossible } from '../../../../base/io/files.ts';
import type { Processes } from '../../../../machine/processes.ts';
import { signalGroup, signalProcess } from '../../../../machine/signals.ts';

/** Variable of a build's program that says which experiment it is for. */
export const BUILD_MARK = 'AICHOR_IMAGE_BUILD';

const LOOK_MS = 100;
/** A build that runs nothing just now, because it copies or pulls, is told to end, and then killed. */
const TELL_AFTER_MS = 5000;
const KILL_AFTER_MS = 20_000;

/**
 * Ends an image's build so that nothing of it is left: podman that is told to end leaves the container it builds in,
 * and what runs in it. Where what it runs is killed it fails, and removes both itself.
 *
 * @param build process that leads the build's group
 */
export async function endBuild(build: number): Promise<void> {
  let told = false;
  for (let waited = 0; signalGroup(build, 0); waited += LOOK_MS) {
    // Its children are its own programs; theirs are those of RUN lines.
    for (const child of await childrenOf(build))
      for (const run of await childrenOf(child)) signalProcess(run, 'SIGKILL');
    if (waited >= KILL_AFTER_MS) signalGroup(build, 'SIGKILL');
    else if (waited >= TELL_AFTER_MS && !told) told = signalGroup(build, 'SIGTERM');
    await sleep(LOOK_MS);
  }
}

/** Ends the builds of an experiment that a server left which was killed: nobody waits for them, and they hold on to their files. */
export async function endLeftBuilds(
  processes: Pick<Processes, 'withEnvironment'>,
  experimentId: string,
): Promise<void> {
  const marked = await processes.withEnvironment({ [BUILD_MARK]: experimentId });
  const isBuild = async (pid: number) => {
    // Podman leaves a process that serves all that come later, with the environment of the first.
    const words = ((await readIfPossible(`/proc/${pid}/cmdline`)) ?? '').split('\0');
    return words.includes('build') || words.includes('pull');
  };
  await Promise.all(marked.map(async (pid) => (await isBuild(pid)) && endBuild(pid)));
}

/** Each thread has its own. */
async function childrenOf(pid: number): Promise<number[]> {
  const threads = (await ifThere(readdir(`/proc/${pid}/task`))) ?? [];
  const texts = threads.map((thread) => readIfPossible(`/proc/${pid}/task/${thread}/children`));
  const children = (await Promise.all(texts)).flatMap((text) => (text ?? '').trim().split(' '));
  return children.map(Number).filter(Boolean);
}
