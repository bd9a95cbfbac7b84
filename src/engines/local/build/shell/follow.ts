import { mkdir, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { readIfThere } from '../../../../base/io/files.ts';
import { run } from '../../../../base/io/run.ts';
import { place } from '../../../../base/io/place.ts';
import type { RunEffect, Runner } from '../../../../dockerfile/run/request.ts';
import type { TreeNode } from '../../../../dockerfile/tree/image-tree.ts';
import type { BuildContext, RunContext } from '../../../engine.ts';
import type { Entrance } from '../../mounts/enter.ts';
import { runBuildCommand, runToEnd } from '../build-command.ts';
import { keepEditable, localDistributions } from '../editable/installed.ts';
import type { EnvironmentWork, FollowPlace } from '../environments/environment-work.ts';
import { recordReads } from '../environments/reads.ts';
import { credentials } from '../image/credentials.ts';
import { contextPrefix } from '../image/context.ts';
import { readFoundImage, type FoundImage } from '../image/found-image.ts';
import { needsWheel } from '../image/install-words.ts';
import { RUN_LIMITS, type RunLimits } from './limits.ts';
import { PRIVATE, type RootBind } from './root/root.ts';
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
  {
    context,
    entrance,
    nsenter,
    limits = RUN_LIMITS,
  }: { context: BuildContext; entrance: Entrance; nsenter: string; limits?: RunLimits | undefined },
): EnvironmentWork {
  const { snapshot, plan } = context;
  const { build_args: args, target, context: folder } = plan.builder;
  const { text, ignore } = dockerfile;
  return {
    facts: {
      follow: 4,
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
      const needEnvironment = once(() => makeEnvironment(making, { packages: image.packages, text }));
      const python = await pythonOf(making, needEnvironment);
      const wanted = /^3\.\d+/.exec(image.python ?? '')?.[0] ?? python.version;
      const pythons = [...new Set([python.version, wanted])];
      makeShims(making.shims, { environment: making.environment, pythons });
      const editable: string[] = [];
      const signal = AbortSignal.any([making.stop, making.detach]);
      const runner = createShellRunner({
        making,
        entrance,
        nsenter,
        editable,
        source: { snapshot, context: folder, signal },
        made: join(home, MADE),
        binds: bindsOf(making, python.programs),
        needEnvironment,
        limits,
      });
      const followed: Followed = { effects: [], installs: 0 };
      const reading = readFoundImage(context, async (request) => {
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
      const found = await reading.finally(() => runner.leave());
      await place(join(home, FILE), JSON.stringify(followed));
      const local = editable.length === 0 ? [] : await localDistributions(making.environment, making.sources);
      await keepEditable(
        home,
        local.filter((each) => editable.some((path) => isWithin(join(making.sources, each.folder), path))),
      );
      const { directory } = context;
      if (found !== null)
        await runner.handOn(found.image.stage, found.image.tree, { directory, key: basename(home) });
      const read = await runner.read();
      const prefix = contextPrefix(folder);
      return recordReads({
        snapshot,
        read: read === null ? null : new Set([...read].map((path) => prefix + path)),
        scripts: text,
      });
    },
  };
}

function isWithin(path: string, folder: string): boolean {
  const inner = relative(folder, path);
  return inner === '' || !inner.startsWith('..');
}

/** The same promise however often it is asked for. */
function once(make: () => Promise<void>): () => Promise<void> {
  let made: Promise<void> | null = null;
  return () => (made ??= make());
}

interface RootPython {
  /** `3.11`. */
  version: string;
  /** Paths by which the environment's Python is called, or will be. */
  programs: string[];
}

/**
 * The Python of the environment that is made when something asks for it: known beforehand where it was found by its version, or
 * says it itself; else the environment is made, and says it.
 */
async function pythonOf(place: FollowPlace, needEnvironment: () => Promise<void>): Promise<RootPython> {
  const { python, environment } = place;
  const known = python === null ? null : ((await pythonByName(python)) ?? (await askPython(python, place)));
  if (known !== null) {
    // What is mounted has to be there.
    await mkdir(environment, { recursive: true });
    return known;
  }
  await needEnvironment();
  const link = join(environment, 'bin', 'python');
  const real = await realpath(link);
  const programs = [resolve(dirname(link), await readlink(link)), real];
  return { version: versionOf(real) ?? '3', programs };
}

async function pythonByName(python: string): Promise<RootPython | null> {
  const real = await realpath(python);
  const version = versionOf(real);
  return version === null ? null : { version, programs: [python, real] };
}

const WHO =
  'import sys; print("%d.%d" % sys.version_info[:2]); print(sys.executable); print(sys.base_prefix)';

/** A program of a version manager answers for the version that is switched on. */
async function askPython(python: string, { env }: FollowPlace): Promise<RootPython | null> {
  const { ok, stdout } = await run(python, ['-c', WHO], { env, timeoutMs: 20_000 });
  const [version, program, base] = stdout.split('\n');
  if (!ok || version === undefined || program === undefined || base === undefined) return null;
  return { version, programs: [program, await realpath(program), join(base, 'bin', 'python')] };
}

function versionOf(program: string): string | null {
  return /python(3\.\d+)$/.exec(program)?.[1] ?? null;
}

/** As an image has a Python with pip in it, and what its base brings. */
async function makeEnvironment(
  making: FollowPlace,
  { packages, text }: { packages: readonly string[]; text: string },
): Promise<void> {
  const { tool, program, environment, sources } = making;
  const create =
    tool === 'uv' ? ['venv', '--no-project', '--seed', environment] : ['-m', 'venv', environment];
  const { env, log, hidden, stop, detach } = making;
  const common = { folder: sources, env, log, output: null, hidden, stop, detach };
  const make = (words: string[]) => runBuildCommand({ ...common, words });
  await make([program, ...create]);
  const python = join(environment, 'bin', 'python');
  if (tool === 'venv' && needsWheel(text))
    await runToEnd({ ...common, words: [python, '-m', 'pip', 'install', 'wheel'] });
  if (packages.length === 0) return;
  await make(
    tool === 'uv'
      ? [program, 'pip', 'install', '--python', python, ...packages]
      : [python, '-m', 'pip', 'install', ...packages],
  );
}

/** What a root shows of this machine beside its programs: the environment, and the Python that it stands on. */
function bindsOf({ environment, shims }: FollowPlace, programs: readonly string[]): RootBind[] {
  const homes = new Set(
    programs
      .map((path) => dirname(dirname(path)))
      .filter((path) => !/^\/usr(\/|$)/.test(path) && path !== '/'),
  );
  return [
    { source: shims, target: PRIVATE, isReadOnly: false },
    { source: environment, target: environment, isReadOnly: false },
    ...[...homes].map((home) => ({ source: home, target: home, isReadOnly: true })),
  ];
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
