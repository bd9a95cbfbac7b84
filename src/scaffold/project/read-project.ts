import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { readIfThereSync } from '../../base/io/files-sync.ts';
import { AichorError } from '../../errors.ts';
import { packageName, requirementLines } from './requirements.ts';

/** What installs a project's packages, by the files that it has; null: nothing that is known. */
export type ProjectInstaller = 'uv-lock' | 'uv' | 'pip-project' | 'requirements' | null;

/** A project that is there already, as its own files describe it. */
export interface ExistingProject {
  /** Its name, or that of its folder. */
  name: string;
  /** The range of its Python as written; null where nothing says it. */
  pythonRange: string | null;
  /** As written (PEP 508, or Poetry's keys). */
  requirements: string[];
  /** Their names as of PEP 503. */
  packages: string[];
  installer: ProjectInstaller;
  /** Whether it is a package that an installer installs. */
  isInstalled: boolean;
  /** Commands that the package brings (`project.scripts`). */
  programs: string[];
  /** Files that are Dockerfiles by their name, from the root, that in the root first. */
  dockerfiles: string[];
}

const MARKERS = ['pyproject.toml', 'requirements.txt', 'setup.py', 'setup.cfg'] as const;

/** Whether a folder holds a Python project, if only a script. */
export function isProject(folder: string): boolean {
  return (
    MARKERS.some((name) => existsSync(join(folder, name))) ||
    readdirSync(folder).some((name) => name.endsWith('.py') || name === 'aichor_manifests' || name === 'src')
  );
}

/** The root of the project that a folder lies in: the nearest one upwards with a project's file or `.git`; else itself. */
export function projectRoot(current: string, home: string | undefined): string {
  for (let folder = resolve(current); ; folder = dirname(folder)) {
    if (folder === home && folder !== resolve(current)) return resolve(current);
    if ([...MARKERS, '.git'].some((name) => existsSync(join(folder, name)))) return folder;
    if (dirname(folder) === folder) return resolve(current);
  }
}

/** Reads it. Throws AichorError `repository_invalid` for a pyproject.toml that cannot be read. */
export function readProject(folder: string): ExistingProject {
  const pyproject = readPyproject(folder);
  const requirementsText = readIfThereSync(join(folder, 'requirements.txt'));
  const project = table(pyproject?.['project']);
  const poetry = table(table(table(pyproject?.['tool'])?.['poetry']));
  const poetryPackages = table(poetry?.['dependencies']) ?? {};
  const requirements = [
    ...texts(project?.['dependencies']),
    ...Object.values(table(project?.['optional-dependencies']) ?? {}).flatMap(texts),
    ...Object.entries(poetryPackages).flatMap(([name, version]) =>
      name === 'python' ? [] : [typeof version === 'string' ? `${name} ${version}` : name],
    ),
    ...(requirementsText === null ? [] : requirementLines(requirementsText)),
  ];
  const isInstalled =
    pyproject?.['build-system'] !== undefined ||
    table(table(table(pyproject?.['tool'])?.['uv']))?.['package'] === true ||
    existsSync(join(folder, 'setup.py'));
  return {
    name: text(project?.['name']) ?? text(poetry?.['name']) ?? basename(resolve(folder)),
    pythonRange:
      readIfThereSync(join(folder, '.python-version'))?.trim() ||
      (text(project?.['requires-python']) ?? text(poetryPackages['python'])),
    requirements,
    packages: [...new Set(requirements.flatMap((requirement) => packageName(requirement) ?? []))],
    installer: installerOf(folder, { hasProject: project !== null, isInstalled }),
    isInstalled,
    programs: Object.keys(table(project?.['scripts']) ?? table(poetry?.['scripts']) ?? {}),
    dockerfiles: dockerfilesOf(folder),
  };
}

function installerOf(
  folder: string,
  { hasProject, isInstalled }: { hasProject: boolean; isInstalled: boolean },
): ProjectInstaller {
  if (hasProject && existsSync(join(folder, 'uv.lock'))) return 'uv-lock';
  if (existsSync(join(folder, 'requirements.txt'))) return 'requirements';
  if (isInstalled) return 'pip-project';
  return hasProject ? 'uv' : null;
}

function dockerfilesOf(folder: string): string[] {
  const named = (inner: string) =>
    existsSync(join(folder, inner))
      ? readdirSync(join(folder, inner), { withFileTypes: true })
          .filter((entry) => entry.isFile() && /^(?:.+\.)?dockerfile(?:\..+)?$/i.test(entry.name))
          .map(({ name }) => (inner === '.' ? name : `${inner}/${name}`))
          .filter((path) => !path.endsWith('.dockerignore'))
          .sort((a, b) => a.length - b.length)
      : [];
  return [...named('.'), ...named('docker')];
}

type Table = Record<string, unknown>;

function readPyproject(folder: string): Table | null {
  const source = readIfThereSync(join(folder, 'pyproject.toml'));
  if (source === null) return null;
  try {
    return parseToml(source);
  } catch (error) {
    throw new AichorError('repository_invalid', `pyproject.toml cannot be read: ${firstLine(error)}`, {
      hint: 'correct it first: "uv lock" says where the mistake is',
      cause: error,
    });
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

function table(value: unknown): Table | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Table) : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
