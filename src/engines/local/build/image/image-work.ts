import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Image } from '../../../../dockerfile/image.ts';
import { imagePath } from '../../../../dockerfile/tree/image-path.ts';
import type { Install } from '../../../../dockerfile/stage.ts';
import type { BuildContext } from '../../../engine.ts';
import {
  isEditableOption,
  isFileOption,
  optionWords,
  withoutExtras,
} from '../../../../dockerfile/run/options.ts';
import { withoutEditable } from '../editable/requirements.ts';
import type { BuildStep, EnvironmentWork, EnvironmentMaking } from '../environments/environment-work.ts';
import { contextPrefix } from './context.ts';
import { layOutTree } from './lay-out-tree.ts';
import { installVariables } from './install-variables.ts';
import { isWithoutProject, readInstallSources, type InstallSources } from './image-sources.ts';
import type { PythonProject } from '../project/python-project.ts';
import { credentials } from './credentials.ts';
import { whatToInstall } from '../project/venv.ts';
import { needsWheel, pipWords, syncWords, writeWords, type Wording } from './install-words.ts';

/** What a Dockerfile's own install lines say, to be done in its order. */
export async function imageWork(
  image: Image,
  { snapshot, plan }: Pick<BuildContext, 'snapshot' | 'plan'>,
): Promise<EnvironmentWork> {
  const { context } = plan.builder;
  const installs = inWorkingOrder(image);
  const sources = await readInstallSources({ ...image, installs }, { snapshot, context });
  return {
    facts: {
      installs: installs.map(({ env, line: _line, inputs: _inputs, ...install }) => ({
        ...install,
        env: Object.entries(installVariables({ ...install, env }, 'uv')).toSorted(([a], [b]) =>
          a < b ? -1 : 1,
        ),
      })),
      files: [...sources.files].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ...(sources.earlier.size > 0 && { earlier: [...sources.earlier.values()].map((files) => [...files]) }),
    },
    python: null,
    env: {},
    hidden: installs.flatMap((install) => credentials(install.env)),
    locked: [...sources.projects.values()].some((project) => project.kind === 'project' && project.locked),
    async layOut(folder, signal) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const [stage, tree] of image.sources) {
        const root = stageFolder(folder, stage);
        if (sources.usesSources) await layOutTree(tree, root, { snapshot, context, signal, linksInto: root });
        else
          for (const [path, node] of tree.entries())
            if (node.kind === 'folder') await mkdir(join(root, path), { recursive: true });
      }
      for (const [key, text] of sources.files) {
        const [stage = '', ...path] = key.split(' ');
        await writeSource(join(stageFolder(folder, Number(stage)), path.join(' ')), text);
      }
      return (await Promise.all(installs.map((install) => editableFolders(install, folder)))).flat();
    },
    steps: (making) => steps(installs, making, sources),
    usesSources: sources.usesSources,
    original: (path) => originalOf(path, image, context),
    scripts: '',
    notices: [],
  };
}

/** `0/app/main.py` is a file of stage 0. */
function originalOf(path: string, { sources }: Pick<Image, 'sources'>, context: string): string | null {
  const [, stage, inner = ''] = /^(\d+)(\/.*)$/.exec(path) ?? [];
  const node = sources.get(Number(stage))?.get(inner);
  return node?.kind === 'file' && node.origin.kind === 'context'
    ? `${contextPrefix(context)}${node.origin.path}`
    : null;
}

/**
 * What the base image brings, then every `uv sync`, of several in one folder the last: `sync` would take away what
 * others had installed. Then the rest in its order.
 */
function inWorkingOrder({ installs, packages }: Image): Install[] {
  const syncs = installs.filter(({ kind }) => kind === 'sync');
  const lasting = syncs.filter(
    (sync, index) => !syncs.slice(index + 1).some((later) => later.folder === sync.folder),
  );
  const named = new Set(
    installs.flatMap(({ options }) =>
      options.flatMap(({ name, value }) => (name === null ? nameOf(value) : [])),
    ),
  );
  const brought = packages.filter((requirement) => nameOf(requirement).every((name) => !named.has(name)));
  const base: Install = {
    kind: 'pip',
    dialect: 'pip',
    verb: [],
    line: 1,
    folder: '/',
    output: null,
    stage: -1,
    env: {},
    options: brought.map((value) => ({ name: null, value })),
  };
  return [
    ...lasting,
    ...(brought.length > 0 ? [base] : []),
    ...installs.filter(({ kind }) => kind !== 'sync'),
  ];
}

function nameOf(requirement: string): string[] {
  const name = /^[A-Za-z0-9][A-Za-z0-9._-]*/.exec(requirement)?.[0];
  return name === undefined ? [] : [name.toLowerCase().replace(/[-_.]+/g, '-')];
}

function steps(
  installs: readonly Install[],
  making: EnvironmentMaking,
  { projects, earlier }: Pick<InstallSources, 'projects' | 'earlier'>,
): BuildStep[] {
  const { tool, program, environment, sources } = making;
  const begins = installs[0]?.kind === 'sync' && tool === 'uv';
  // What pip installs goes into an image's own Python, which has pip (and, before 3.12, setuptools) too.
  const seed = installs[0]?.dialect === 'pip' ? ['--seed'] : [];
  const create = tool === 'uv' ? ['venv', '--no-project', ...seed, environment] : ['-m', 'venv', environment];
  return [
    ...(begins ? [] : [{ words: [program, ...create], folder: sources, output: null, env: {} }]),
    ...(tool === 'venv' && installs.some(isBuiltWithin) ? [wheelStep({ environment, sources })] : []),
    ...installs.flatMap((install, index) => {
      const words =
        tool === 'uv'
          ? uvWords(install, making, index === 0)
          : venvWords(install, making, projects.get(install));
      if (words === null) return [];
      const root = stageFolder(sources, install.stage);
      const folder = install.stage === -1 ? sources : join(root, projectFolder(install));
      const output = install.output === null ? null : join(root, install.output);
      const files = new Map(
        [...(earlier.get(install) ?? [])].map(([path, text]) => [join(root, path), text]),
      );
      return [
        { words, folder, output, env: installVariables(install, tool), mayFail: install.mayFail, files },
      ];
    }),
  ];
}

function isBuiltWithin({ options, env }: Install): boolean {
  return needsWheel([...optionWords(options), ...Object.keys(env)].join(' '));
}

function wheelStep({ environment, sources }: Pick<EnvironmentMaking, 'environment' | 'sources'>): BuildStep {
  const words = [join(environment, 'bin', 'python'), '-m', 'pip', 'install', 'wheel'];
  return { words, folder: sources, output: null, env: {}, mayFail: true };
}

function uvWords(install: Install, making: EnvironmentMaking, isFirst: boolean): string[] {
  const { program, environment } = making;
  const wording = wordingOf(install, making);
  if (install.kind === 'sync')
    return [program, 'sync', ...(isFirst ? [] : ['--inexact']), ...syncWords(install)];
  if (install.kind === 'write') return [program, ...writeWords(install, wording)];
  return [
    program,
    'pip',
    'install',
    '--python',
    join(environment, 'bin', 'python'),
    ...pipWords(install, wording),
  ];
}

/** The command that does one install of a Dockerfile, in an environment that is there; null: this tool has none for it. */
export function installStep(
  install: Install,
  making: EnvironmentMaking,
  project: PythonProject | undefined,
): BuildStep | null {
  const words = making.tool === 'uv' ? uvWords(install, making, false) : venvWords(install, making, project);
  if (words === null) return null;
  const root = stageFolder(making.sources, install.stage);
  const folder = install.stage === -1 ? making.sources : join(root, projectFolder(install));
  return { words, folder, output: null, env: installVariables(install, making.tool) };
}

/** pip knows no lock and writes no requirements: it installs what the project declares. */
function venvWords(
  install: Install,
  making: EnvironmentMaking,
  project: PythonProject | undefined,
): string[] | null {
  const pip = [join(making.environment, 'bin', 'python'), '-m', 'pip', 'install'];
  if (install.kind === 'pip') return [...pip, ...pipWords(install, wordingOf(install, making))];
  if (install.kind === 'write' || project === undefined || project.kind === 'none') return null;
  if (!isWithoutProject(install) || project.kind !== 'project' || project.isDynamic)
    return [...pip, ...whatToInstall(project)];
  return project.dependencies.length === 0 ? null : [...pip, ...project.dependencies];
}

function wordingOf(install: Install, { tool, sources }: EnvironmentMaking): Wording {
  const root = stageFolder(sources, install.stage);
  return { tool, path: (value) => (value.startsWith('/') ? join(root, value) : value) };
}

/** `--project` and `--directory` say where the project is. */
export function projectFolder({ folder, options }: Install): string {
  const given = options.find(({ name }) => name === '--project' || name === '--directory')?.value;
  return given == null ? folder : imagePath(folder, given);
}

function stageFolder(sources: string, stage: number): string {
  return join(sources, String(stage));
}

/** What an install command has editable: what it says, what its files say, and the project of uv unless it is told not to. */
export async function editableFolders(install: Install, sources: string): Promise<string[]> {
  const { kind, verb, options, stage } = install;
  if (stage === -1 || verb[0] === 'pip') return [];
  const folder = projectFolder(install);
  const place = (value: string) => join(stageFolder(sources, stage), imagePath(folder, value));
  if (kind !== 'pip') return options.some(({ name }) => name === '--no-editable') ? [] : [place('.')];
  const found: string[] = [];
  for (const { name, value } of options) {
    if (value === null) continue;
    if (isEditableOption(name)) found.push(place(withoutExtras(value)));
    if (isFileOption(name)) found.push(...(await withoutEditable(place(value), place('.'))));
  }
  return found;
}

async function writeSource(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
