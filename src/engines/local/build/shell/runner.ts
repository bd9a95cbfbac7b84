import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run as runProgram } from '../../../../base/io/run.ts';
import type { RunEffect, RunRequest, Runner } from '../../../../dockerfile/run/request.ts';
import { visibleTree } from '../../../../dockerfile/run/mounted.ts';
import { ImageTree, type TreeNode } from '../../../../dockerfile/tree/image-tree.ts';
import { AichorError } from '../../../../errors.ts';
import type { Entrance } from '../../mounts/enter.ts';
import { removeTree } from '../../pod/workdir.ts';
import { runToEnd, type CommandEnd } from '../build-command.ts';
import type { FollowPlace } from '../environments/environment-work.ts';
import { markUnread } from '../environments/reads.ts';
import { layOutTree, type TreeSource } from '../image/lay-out-tree.ts';
import { Installer, type InstallerState } from './installer.ts';
import { serveRequests } from './requests.ts';
import {
  enterRoot,
  isOfTheRoot,
  mountPlan,
  placeInRoot,
  prepareRoot,
  PRIVATE,
  stageRoot,
  type RootBind,
  type StageRoot,
} from './root.ts';
import { SHIM_FOLDER } from './shims.ts';

const IMAGE_PATH = '/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface RunnerPlace {
  making: FollowPlace;
  entrance: Entrance;
  source: TreeSource;
  /** Folder that keeps what RUN lines have made. */
  made: string;
  /** What roots show beside the image's files. */
  binds: readonly RootBind[];
  editable: string[];
}

/** What a root holds now. */
interface Standing {
  root: StageRoot;
  tree: ImageTree;
}

/**
 * Follows RUN lines by a real shell in a root of its own: the stage's files, this machine's programs, installers that
 * the engine stands for. What a line does to the files is read off the root.
 */
export function createShellRunner(place: RunnerPlace): Runner {
  const standing = new Map<number, Standing>();
  let count = 0;
  return async (request) => {
    const { stage } = request;
    const number = count++;
    const there = standing.get(stage.number) ?? {
      root: stageRoot(place.making.sources, stage.number),
      tree: new ImageTree(),
    };
    standing.set(stage.number, there);
    const wanted = request.mounts.length === 0 ? stage.tree : visibleTree(stage.tree, request.mounts);
    await bringUp(there, wanted, place);
    for (const path of stage.environments) linkThere(placeInRoot(there.root, path));
    const state: InstallerState = {
      installs: [],
      environments: [],
      notHonoured: [],
      editable: place.editable,
      failure: null,
    };
    const mark = join(place.making.sources, `mark-${number}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    writeFileSync(mark, '');
    const refused = await runLine(request, { place, there, state });
    const changes = await changesSince(mark, there, {
      made: join(place.made, String(number)),
      environments: [...stage.environments, ...state.environments],
    });
    for (const [path, node] of changes)
      if (node === null) there.tree.remove(path);
      else there.tree.add(path, node);
    const { installs, environments, notHonoured } = state;
    return { changes, installs, environments, notHonoured, refused } satisfies RunEffect;
  };
}

/** Runs it; what only this machine lacks is noted, what the image would lack too fails. */
async function runLine(
  request: RunRequest,
  { place, there, state }: { place: RunnerPlace; there: Standing; state: InstallerState },
): Promise<string | null> {
  const { script, line, shown } = request;
  let ended = await runWords(request.words, request, { place, there, state });
  let refused: string | null = null;
  const isSh = script !== null && /(?:^|\/)sh$/.test(request.words[0] ?? '');
  if (isSh && ended.code === 2 && /Syntax error/.test(ended.output)) {
    ended = await runWords(['/bin/bash', '-c', script], request, { place, there, state });
    refused = `RUN ${shown} (the sh of a Debian image refuses it; done here by bash: SHELL ["/bin/bash", "-c"] before it says so)`;
  }
  if (ended.code === 0) return refused;
  if (state.failure !== null) throw state.failure;
  const said = ended.output.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  const isLacking =
    ended.code === 127 ||
    ended.code === 126 ||
    /not found|No such file or directory|Could not resolve|Read-only file system/.test(said);
  if (!isLacking && request.stage.notHonoured.length + state.notHonoured.length === 0)
    throw new AichorError(
      'experiment_failed',
      `line ${line} of the Dockerfile, RUN ${shown}, ended with exit code ${ended.code ?? 'of a signal'}: ${said}`,
      {
        hint: 'the whole output: aichor experiments logs --step build',
      },
    );
  state.notHonoured.push(`${shown} (exit code ${ended.code ?? 'of a signal'} here: ${said})`);
  return refused;
}

async function runWords(
  words: readonly string[],
  { stage }: RunRequest,
  { place, there, state }: { place: RunnerPlace; there: Standing; state: InstallerState },
): Promise<CommandEnd> {
  const { making, entrance, binds } = place;
  const plan = mountPlan(there.root, { binds, programs: join(making.shims, 'usr'), entrance });
  if (plan === null)
    throw new AichorError(
      'experiment_failed',
      'the folder of the state has a name in which nothing can be mounted (a tab, comma or colon)',
    );
  const file = join(making.sources, 'mounts');
  writeFileSync(file, plan);
  const path = (stage.values.get('PATH') ?? '$PATH').replace(/\$\{?PATH\}?/g, IMAGE_PATH);
  const env = {
    HOME: '/root',
    ...Object.fromEntries(stage.values),
    PATH: `${SHIM_FOLDER}:${path}`,
    ...making.marks,
  };
  const isIncomplete = stage.notHonoured.length + stage.unfollowed.length + state.notHonoured.length > 0;
  const installer = new Installer(making, { root: there.root, stage: stage.number, isIncomplete, state });
  const requests = serveRequests(join(making.shims, 'requests'), (request) => installer.answer(request));
  try {
    return await runToEnd({
      words: [...enterRoot(entrance, { root: there.root, plan: file, folder: stage.folder }), ...words],
      folder: making.sources,
      env,
      log: making.log,
      output: null,
      hidden: making.hidden,
      stop: making.stop,
      detach: making.detach,
    });
  } finally {
    await requests.end();
  }
}

/** Makes a root hold what the stage holds. */
async function bringUp(
  there: Standing,
  wanted: ImageTree,
  { source, binds }: Pick<RunnerPlace, 'source' | 'binds'>,
): Promise<void> {
  const { root, tree } = there;
  const missing = new ImageTree();
  for (const [path, node] of wanted.entries()) if (tree.get(path) !== node) missing.add(path, node);
  for (const path of [...tree.paths()].reverse())
    if (!wanted.has(path)) rmSync(placeInRoot(root, path), { recursive: true, force: true });
  const incoming = `${root.folder}.incoming`;
  if (missing.size > 0) {
    await removeTree(incoming);
    await layOutTree(missing, incoming, source);
    markUnread(incoming);
  }
  if (
    tree.size === 0 &&
    missing.size > 0 &&
    ![...missing.paths()].some((path) => /^\/(?:usr|etc)\//.test(path))
  )
    renameSync(incoming, root.folder);
  else
    for (const [path, node] of missing.entries()) moveIn(join(incoming, path), placeInRoot(root, path), node);
  prepareRoot(root);
  // The places on which mounts stand.
  for (const { target } of binds) mkdirSync(join(root.folder, target), { recursive: true });
  there.tree = wanted.clone();
}

function moveIn(from: string, to: string, node: TreeNode): void {
  mkdirSync(dirname(to), { recursive: true });
  if (node.kind === 'folder') {
    mkdirSync(to, { recursive: true });
    chmodSync(to, node.mode | 0o700);
    return;
  }
  rmSync(to, { recursive: true, force: true });
  renameSync(from, to);
}

function linkThere(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { recursive: true, force: true });
  symlinkSync(`${PRIVATE}/venv`, path);
}

/** What is otherwise than before: made or changed since a mark, or gone. */
async function changesSince(
  mark: string,
  { root, tree }: Standing,
  { made, environments }: { made: string; environments: readonly string[] },
): Promise<[string, TreeNode | null][]> {
  const markTime = lstatSync(mark).mtimeMs;
  const changes: [string, TreeNode | null][] = [];
  const touched = new Set<string>();
  let number = 0;
  for (const [folder, prefix] of [
    [root.folder, ''],
    [root.upper('usr'), '/usr'],
    [root.upper('etc'), '/etc'],
  ] as const) {
    const words = [folder, '-xdev', '-cnewer', mark, '-printf', '%y\\t%m\\t%T@\\t%l\\t%P\\0'];
    const { ok, stdout, why, cause } = await runProgram('find', words, {
      env: process.env,
      mostBytes: 1 << 28,
    });
    if (!ok) throw new Error(why, { cause });
    for (const line of stdout.split('\0').filter((each) => each !== '')) {
      const [kind = '', mode = '', time = '', target = '', ...rest] = line.split('\t');
      const inner = rest.join('\t');
      const path = inner === '' ? prefix || '/' : `${prefix}/${inner}`;
      if (kind === 'd') touched.add(path);
      if (path === '/' || (prefix === '' && (isOfTheRoot(path) || /^\/(?:usr|etc)\//.test(path)))) continue;
      if (prefix !== '' && inner === '') continue;
      if (environments.some((each) => path === each || path.startsWith(`${each}/`))) continue;
      const old = tree.get(path);
      const bits = Number.parseInt(mode, 8);
      if (kind === 'c') changes.push([path, null]);
      else if (kind === 'd' && !(old?.kind === 'folder' && old.mode === bits))
        changes.push([path, { kind: 'folder', mode: bits }]);
      else if (kind === 'l' && !(old?.kind === 'link' && old.target === target))
        changes.push([path, { kind: 'link', target }]);
      else if (kind === 'f') {
        const isSame =
          old?.kind === 'file' && Number(time) * 1000 < markTime && Number(time) * 1000 > markTime - 600_000;
        if (isSame) {
          if (old.mode !== bits) changes.push([path, { ...old, mode: bits }]);
          continue;
        }
        const kept = join(made, String(number++));
        mkdirSync(made, { recursive: true });
        const source = placeInRoot(root, path);
        const { atime, mtime } = lstatSync(source);
        copyFileSync(source, kept, constants.COPYFILE_FICLONE);
        utimesSync(source, atime, mtime);
        changes.push([path, { kind: 'file', origin: { kind: 'made', path: kept }, mode: bits }]);
      }
    }
  }
  const gone = [...tree.paths()].filter(
    (path) => touched.has(dirname(path)) && !isThere(placeInRoot(root, path)),
  );
  const outer = gone.filter((path) => !gone.includes(dirname(path)));
  return [
    ...outer.map((path): [string, null] => [path, null]),
    ...changes.sort(([a], [b]) => (a < b ? -1 : 1)),
  ];
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
