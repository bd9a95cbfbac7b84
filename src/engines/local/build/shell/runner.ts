import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEffect, RunRequest, Runner } from '../../../../dockerfile/run/request.ts';
import { credentials } from '../image/credentials.ts';
import { environmentLinks } from '../../../../dockerfile/run/made-environment.ts';
import { visibleTree } from '../../../../dockerfile/run/mounted.ts';
import type { ImageTree } from '../../../../dockerfile/tree/image-tree.ts';
import { AichorError } from '../../../../errors.ts';
import { BuildFailure } from '../../../../experiment/failure/failure.ts';
import type { Entrance } from '../../mounts/enter.ts';
import { runToEnd, type CommandEnd } from '../build-command.ts';
import type { FollowPlace } from '../environments/environment-work.ts';
import type { TreeSource } from '../image/lay-out-tree.ts';
import type { RunLimits } from './limits.ts';
import { Installer, type InstallerState } from './installer.ts';
import { serveRequests } from './requests.ts';
import { handOn, type HandedPlace } from './root/hand-on.ts';
import { openNamespace, type Namespace } from './root/namespace.ts';
import { linkEnvironments, mountPlan, stageRoot, type RootBind } from './root/root.ts';
import {
  bringUp,
  listRoot,
  markStanding,
  readsOfRoot,
  newStanding,
  takeChanges,
  type StandingRoot,
} from './root/standing.ts';
import { SHIM_FOLDER } from './shims.ts';

const IMAGE_PATH = '/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface RunnerPlace {
  making: FollowPlace;
  entrance: Entrance;
  nsenter: string;
  source: TreeSource;
  /** Folder that keeps what RUN lines have made. */
  made: string;
  /** What roots show beside the image's files. */
  binds: readonly RootBind[];
  editable: string[];
  /** Makes the environment when something of a line is the first to ask for it. */
  needEnvironment: () => Promise<void>;
  limits: RunLimits;
}

export interface ShellRunner {
  run: Runner;
  /** Takes the roots' mounts away. */
  leave(): Promise<void>;
  /**
   * Gives the files of a stage to the first pod, where RUN lines were followed in it.
   *
   * @param tree what the stage has at its end
   */
  handOn(stage: number, tree: ImageTree, to: HandedPlace): Promise<void>;
  /** Which files of the context the lines have read, by their paths in it; null: it cannot be told. */
  read(): Promise<ReadonlySet<string> | null>;
}

/**
 * Follows RUN lines by a real shell in a root of its own: the stage's files, this machine's programs, installers that
 * the engine stands for. What lines do to the files is read off the root, of several at once where nothing else looks
 * at the files between them.
 */
export function createShellRunner(place: RunnerPlace): ShellRunner {
  const standing = new Map<number, StandingRoot>();
  let count = 0;
  const run: Runner = async (request) => {
    const { stage } = request;
    const number = count++;
    const there = standing.get(stage.number) ?? newStanding(stageRoot(place.making.sources, stage.number));
    standing.set(stage.number, there);
    await showStage(there, request, place);
    for (const path of stage.environments)
      // Where this machine has the very Python that the environment stands on.
      if (place.binds.some(({ target }) => target === path || target.startsWith(`${path}/`)))
        stage.environments.delete(path);
    linkEnvironments(there.root, stage.environments);
    const state: InstallerState = {
      installs: [],
      environments: [],
      notHonoured: [],
      editable: place.editable,
      failure: null,
    };
    await markStanding(there, join(place.making.sources, `mark-${number}`));
    const refused = await runLine(request, { place, there, state });
    const shown = request.mounts.map(({ target }) => target);
    const made = new Set([...stage.environments, ...state.environments]);
    // What was only shown is taken away before the next line.
    const isFollowed = request.isFollowed && shown.length === 0;
    const changes = isFollowed
      ? []
      : await takeChanges(there, {
          made: join(place.made, String(number)),
          excluded: environmentLinks(made).map(({ path }) => path),
          shown,
          mostBytes: place.limits.listBytes,
        });
    return {
      changes,
      installs: state.installs,
      environments: state.environments,
      notHonoured: state.notHonoured,
      refused,
    } satisfies RunEffect;
  };
  return {
    run,
    async leave() {
      for (const there of standing.values()) {
        await there.namespace?.leave();
        there.namespace = null;
      }
    },
    async handOn(stage, tree, to) {
      const there = standing.get(stage);
      if (there === undefined) return;
      await bringUp(there, tree, place);
      const list = await listRoot(there, place.limits.listBytes);
      if (list !== null) await handOn({ root: there.root, list }, tree, to);
    },
    async read() {
      const all = new Set<string>();
      for (const there of standing.values()) {
        const read = await readsOfRoot(there, place.limits.listBytes);
        if (read === null) return null;
        for (const path of read) all.add(path);
      }
      return all;
    },
  };
}

/** What another shell would have done. */
const REFUSED_BY_DASH = /Syntax error|Bad substitution|Illegal option -o pipefail/;

/** Runs it; what only this machine lacks is noted, what the image would lack too fails. */
async function runLine(
  request: RunRequest,
  { place, there, state }: { place: RunnerPlace; there: StandingRoot; state: InstallerState },
): Promise<string | null> {
  const { script, line, shown } = request;
  let ended = await runWords(request.words, request, { place, there, state });
  let refused: string | null = null;
  const isSh = script !== null && /(?:^|\/)sh$/.test(request.words[0] ?? '');
  if (isSh && ended.code === 2 && REFUSED_BY_DASH.test(ended.output)) {
    ended = await runWords(['/bin/bash', '-c', script], request, { place, there, state });
    refused = `RUN ${shown} (the sh of a Debian image refuses it; done here by bash: SHELL ["/bin/bash", "-c"] before it says so)`;
  }
  if (ended.code === 0) return refused;
  if (state.failure !== null) throw state.failure;
  const said = ended.output.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  const isLacking =
    ended.code === 127 ||
    ended.code === 126 ||
    isOffline(script ?? '', ended.code) ||
    // What is fed by a pipe has the last word, and says nothing of the network.
    /[Cc]ould not resolve (?:host|proxy)|unable to resolve host/.test(ended.output) ||
    /not found|No such file or directory|Read-only file system/.test(said);
  if (!isLacking && request.stage.notHonoured.length + state.notHonoured.length === 0)
    throw new BuildFailure(
      `line ${line} of the Dockerfile, RUN ${shown}, ended with exit code ${ended.code ?? 'of a signal'}: ${said}`,
    );
  state.notHonoured.push(`${shown} (exit code ${ended.code ?? 'of a signal'} here: ${said})`);
  return refused;
}

/** How `curl` and `wget` end where nothing can be reached: they may be told to say nothing. */
function isOffline(script: string, code: number | null): boolean {
  if (code === null) return false;
  return (code === 4 && /\bwget\b/.test(script)) || ([6, 7, 28].includes(code) && /\bcurl\b/.test(script));
}

async function runWords(
  words: readonly string[],
  { stage, line, shown }: RunRequest,
  { place, there, state }: { place: RunnerPlace; there: StandingRoot; state: InstallerState },
): Promise<CommandEnd> {
  const { making } = place;
  there.namespace ??= await openRoot(there, place);
  const path = (stage.values.get('PATH') ?? '$PATH').replace(/\$\{?PATH\}?/g, IMAGE_PATH);
  const env = {
    HOME: '/root',
    ...Object.fromEntries(stage.values),
    PATH: `${SHIM_FOLDER}:${path}`,
    ...making.marks,
  };
  const isIncomplete = stage.notHonoured.length + stage.unfollowed.length + state.notHonoured.length > 0;
  const installer = new Installer(making, {
    root: there.root,
    stage: stage.number,
    isIncomplete,
    state,
    environments: stage.environments,
    needEnvironment: place.needEnvironment,
  });
  const requests = serveRequests(join(making.shims, 'requests'), (request) => installer.answer(request));
  try {
    return await runToEnd({
      words: [...there.namespace.words(stage.folder), ...words],
      folder: making.sources,
      env,
      log: making.log,
      output: null,
      // An ARG counts too, and what an earlier stage has.
      hidden: [...making.hidden, ...credentials(Object.fromEntries(stage.values))],
      stop: making.stop,
      detach: making.detach,
      limits: { ...place.limits, what: `line ${line} of the Dockerfile, RUN ${shown},` },
    });
  } finally {
    await requests.end();
  }
}

async function openRoot(
  { root, tree }: Pick<StandingRoot, 'root' | 'tree'>,
  place: RunnerPlace,
): Promise<Namespace> {
  const { making, entrance, binds } = place;
  const plan = mountPlan(root, { tree, binds, programs: making.shims, entrance });
  if (plan === null)
    throw new AichorError(
      'experiment_failed',
      'the folder of the state has a name in which nothing can be mounted (a tab, comma or colon)',
    );
  const file = `${root.folder}.mounts`;
  writeFileSync(file, plan);
  return openNamespace(place, { root, plan: file, env: { PATH: IMAGE_PATH, ...making.marks } });
}

/** Makes a root hold what the stage holds, and what is only shown to this line. */
async function showStage(
  there: StandingRoot,
  { stage, mounts }: RunRequest,
  place: RunnerPlace,
): Promise<void> {
  const { seen } = there;
  if (mounts.length > 0) {
    there.seen = null;
    return bringUp(there, visibleTree(stage.tree, mounts), place);
  }
  if (seen?.tree === stage.tree && seen.revision === stage.tree.revision) return;
  there.seen = { tree: stage.tree, revision: stage.tree.revision };
  await bringUp(there, stage.tree, place);
}
