import { mkdir, readlink, realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { readIfThere } from '../../../../base/io/files.ts';
import { isThereSync } from '../../../../base/io/files-sync.ts';
import { place } from '../../../../base/io/place.ts';
import type { RunEffect, Runner } from '../../../../dockerfile/run/request.ts';
import type { ImageTree, TreeNode } from '../../../../dockerfile/tree/image-tree.ts';
import type { BuildContext, RunContext } from '../../../engine.ts';
import type { Entrance } from '../../mounts/enter.ts';
import { runBuildCommand } from '../build-command.ts';
import { keepEditable, localDistributions } from '../editable/installed.ts';
import type { EnvironmentWork, FollowPlace } from '../environments/environment-work.ts';
import { readSince, recordReads, type Reads } from '../environments/reads.ts';
import { credentials } from '../image/credentials.ts';
import { contextPrefix } from '../image/context.ts';
import { readFoundImage, type FoundImage } from '../image/found-image.ts';
import { PRIVATE, stageRoot, type RootBind } from './root.ts';
import { createShellRunner } from './runner.ts';
import { makeShims } from './shims.ts';

/** What following a Dockerfile has given, kept beside the environment. */
interface Followed {
  effects: (Pick<RunEffect, 'notHonoured' | 'environments' | 'refused'> & {
    changes: [string, TreeNode | null][];
  })[];
  /** How many installs were done. */
  installs: number;
}

const FILE = 'runs.json';
const MADE = 'made';

/** A Dockerfile whose RUN lines a real shell follows. */
export function followWork(
  { dockerfile, image }: FoundImage,
  { context, entrance, nsenter }: { context: BuildContext; entrance: Entrance; nsenter: string },
): EnvironmentWork {
  const { snapshot, plan } = context;
  const { build_args: args, target, context: folder } = plan.builder;
  const { text, ignore } = dockerfile;
  return {
    facts: {
      follow: 2,
      text,
      ignore,
      target,
      folder,
      args: Object.entries(args).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    },
    python: null,
    env: {},
    hidden: credentials({ ...Object.fromEntries(image.env), ...args }),
    locked: false,
    layOut: () => Promise.resolve([]),
    steps: () => [],
    usesSources: true,
    original: () => null,
    scripts: text,
    notices: [],
    async follow(making) {
      const home = dirname(making.environment);
      await mkdir(making.sources, { recursive: true, mode: 0o700 });
      await makeEnvironment(making, image.packages);
      const python =
        /python3\.(\d+)$/.exec(await realpath(join(making.environment, 'bin', 'python')))?.[1] ?? '';
      makeShims(making.shims, { environment: making.environment, python: `3.${python}` });
      const editable: string[] = [];
      const signal = AbortSignal.any([making.stop, making.detach]);
      const runner = createShellRunner({
        making,
        entrance,
        nsenter,
        editable,
        source: { snapshot, context: folder, signal },
        made: join(home, MADE),
        binds: await bindsOf(making),
      });
      const followed: Followed = { effects: [], installs: 0 };
      const seen = new Map<number, Map<string, string>>();
      const reading = readFoundImage(context, async (request) => {
        const files = seen.get(request.stage.number) ?? new Map<string, string>();
        seen.set(request.stage.number, noteFiles(files, request.stage.tree));
        const effect = await runner.run(request);
        if (effect === null) return null;
        const { changes, notHonoured, environments, refused = null } = effect;
        followed.effects.push({
          changes: changes.map((each) => relocated(each, (path) => relative(home, path))),
          notHonoured,
          environments,
          refused,
        });
        followed.installs += effect.installs.length;
        return effect;
      });
      await reading.finally(() => runner.leave());
      await place(join(home, FILE), JSON.stringify(followed));
      const local = editable.length === 0 ? [] : await localDistributions(making.environment, making.sources);
      await keepEditable(
        home,
        local.filter((each) => editable.some((path) => isWithin(join(making.sources, each.folder), path))),
      );
      return readsOf(seen, { making, context, scripts: text });
    },
  };
}

function isWithin(path: string, folder: string): boolean {
  const inner = relative(folder, path);
  return inner === '' || !inner.startsWith('..');
}

/** As an image has a Python with pip in it, and what its base brings. */
async function makeEnvironment(making: FollowPlace, packages: readonly string[]): Promise<void> {
  const { tool, program, environment, sources } = making;
  const create =
    tool === 'uv' ? ['venv', '--no-project', '--seed', environment] : ['-m', 'venv', environment];
  const { env, log, hidden, stop, detach } = making;
  const run = (words: string[]) =>
    runBuildCommand({ words, folder: sources, env, log, output: null, hidden, stop, detach });
  await run([program, ...create]);
  const python = join(environment, 'bin', 'python');
  if (packages.length === 0) return;
  await run(
    tool === 'uv'
      ? [program, 'pip', 'install', '--python', python, ...packages]
      : [python, '-m', 'pip', 'install', ...packages],
  );
}

/** What a root shows of this machine beside its programs: the environment, and the Python that it stands on. */
async function bindsOf({ environment, shims }: FollowPlace): Promise<RootBind[]> {
  const link = join(environment, 'bin', 'python');
  const named = resolve(dirname(link), await readlink(link));
  const homes = new Set(
    [named, await realpath(link)]
      .map((path) => dirname(dirname(path)))
      .filter((path) => !/^\/usr(\/|$)/.test(path) && path !== '/'),
  );
  return [
    { source: shims, target: PRIVATE, isReadOnly: false },
    { source: environment, target: environment, isReadOnly: false },
    ...[...homes].map((home) => ({ source: home, target: home, isReadOnly: true })),
  ];
}

/** Files of the context by where they were in a stage. */
function noteFiles(files: Map<string, string>, tree: ImageTree): Map<string, string> {
  for (const [path, node] of tree.entries())
    if (node.kind === 'file' && node.origin.kind === 'context') files.set(path, node.origin.path);
  return files;
}

async function readsOf(
  seen: ReadonlyMap<number, ReadonlyMap<string, string>>,
  { making, context, scripts }: { making: FollowPlace; context: BuildContext; scripts: string },
): Promise<Reads> {
  const prefix = contextPrefix(context.plan.builder.context);
  const read = new Set<string>();
  let isKnown = true;
  for (const [stage, files] of seen) {
    const { folder } = stageRoot(making.sources, stage);
    const found = readSince(folder);
    if (found === null) isKnown = false;
    for (const [path, original] of files) {
      // What is not where it was put has been moved or removed, by somebody who knew it.
      const isGone = !isThereSync(folder + path);
      if (isGone || found?.has(path)) read.add(prefix + original);
    }
  }
  return recordReads({ snapshot: context.snapshot, read: isKnown ? read : null, scripts });
}

function relocated(
  [path, node]: readonly [string, TreeNode | null],
  move: (path: string) => string,
): [string, TreeNode | null] {
  if (node?.kind !== 'file' || node.origin.kind !== 'made') return [path, node];
  return [path, { ...node, origin: { kind: 'made', path: move(node.origin.path) } }];
}

/** What a shell has followed once, again without one. */
export async function readFollowed(
  home: string,
  place: Pick<RunContext, 'snapshot' | 'plan' | 'directory'>,
): Promise<{ found: FoundImage; installs: number } | null> {
  const text = await readIfThere(join(home, FILE));
  if (text === null) return null;
  const { effects, installs }: Followed = JSON.parse(text);
  let next = 0;
  const runner: Runner = () => {
    const effect = effects[next++];
    if (effect === undefined) return Promise.resolve(null);
    const changes = effect.changes.map((each) => relocated(each, (path) => join(home, path)));
    return Promise.resolve({ ...effect, changes, installs: [] });
  };
  const found = await readFoundImage(place, runner);
  return found === null ? null : { found, installs };
}
