import { imagePath } from '../../../../dockerfile/tree/image-path.ts';
import { isEditableOption, isFileOption, isLocal } from '../../../../dockerfile/run/options.ts';
import { PROJECT_FILES } from '../../../../dockerfile/run/install.ts';
import type { Install } from '../../../../dockerfile/stage.ts';
import type { Image } from '../../../../dockerfile/image.ts';
import type { SnapshotReader } from '../../../engine.ts';
import { readTreeFile } from './lay-out-tree.ts';
import { ImageTree } from '../../../../dockerfile/tree/image-tree.ts';
import { toPythonProject, type PythonProject } from '../project/python-project.ts';

/** What install commands of a Dockerfile read. */
export interface InstallSources {
  /** Contents that decide what is installed, by stage and path in the image. */
  files: Map<string, string>;
  /** They build something out of the sources themselves: all of them count. */
  usesSources: boolean;
  /** What `uv sync` finds, for those who must do without uv. */
  projects: Map<Install, PythonProject>;
  /** Texts of files that a later line has replaced, by path, for those who read them before. */
  earlier: Map<Install, Map<string, string>>;
}

/** Reads what the commands name. What is not there is left to the installer to complain of. */
export async function readInstallSources(
  image: Image,
  { snapshot, context }: { snapshot: SnapshotReader; context: string },
): Promise<InstallSources> {
  const sources: InstallSources = {
    files: new Map(),
    usesSources: false,
    projects: new Map(),
    earlier: new Map(),
  };
  for (const install of image.installs) {
    const tree = image.sources.get(install.stage);
    const read = async (path: string) =>
      tree === undefined ? null : readTreeFile(tree, path, { snapshot, context });
    await readOne(install, read, sources);
    const earlier = new Map<string, string>();
    for (const [path, node] of install.inputs ?? []) {
      const before = await readTreeFile(new ImageTree([[path, node]]), path, { snapshot, context });
      if (before !== null && before !== (await read(path))) earlier.set(path, before);
    }
    if (earlier.size > 0) sources.earlier.set(install, earlier);
  }
  return sources;
}

type Read = (path: string) => Promise<string | null>;

async function readOne(install: Install, read: Read, sources: InstallSources): Promise<void> {
  if (install.kind !== 'pip') return readProject(install, read, sources);
  for (const { name, value } of install.options) {
    if (value === null) continue;
    if (isEditableOption(name) || (name === null && isLocal(value))) sources.usesSources = true;
    if (isFileOption(name))
      await readRequirements(imagePath(install.folder, value), install, { read, sources });
  }
}

/** The project that uv syncs or exports; `--no-install-project` leaves its own sources out of it. */
async function readProject(install: Install, read: Read, sources: InstallSources): Promise<void> {
  const found: Record<string, string> = {};
  for (const name of PROJECT_FILES) {
    const path = imagePath(install.folder, name);
    const text = await read(path);
    if (text === null) continue;
    found[name] = text;
    sources.files.set(`${install.stage} ${path}`, text);
  }
  if (install.kind === 'write') return;
  const project = toPythonProject(found);
  sources.projects.set(install, project);
  if (project.kind === 'none' || !project.usesSources) return;
  if (!isWithoutProject(install) || project.kind !== 'project' || project.hasLocalSources)
    sources.usesSources = true;
}

/** Only what the project depends on is installed. */
export function isWithoutProject({ options }: Pick<Install, 'options'>): boolean {
  return options.some(({ name }) => name === '--no-install-project');
}

/** A file of requirements may name others, and folders. */
async function readRequirements(
  path: string,
  install: Install,
  place: { read: Read; sources: InstallSources },
): Promise<void> {
  const { read, sources } = place;
  const key = `${install.stage} ${path}`;
  const text = sources.files.has(key) ? null : await read(path);
  if (text === null) return;
  sources.files.set(key, text);
  for (const line of text.split('\n')) {
    const other = /^\s*(?:-r|-c|--requirement|--constraint)[ =]+(\S+)/.exec(line)?.[1];
    if (other !== undefined) await readRequirements(imagePath(imagePath(path, '..'), other), install, place);
    else if (/^\s*(-e\b|--editable\b|\.{0,2}\/|\.\s*$|\.\[)|@ file:/.test(line)) sources.usesSources = true;
  }
}
