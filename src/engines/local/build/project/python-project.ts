import { posix } from 'node:path';
import { parse as parseToml, TomlError } from 'smol-toml';
import type { SnapshotReader } from '../../../engine.ts';

/** What decides the Python environment of a repository. */
export type PythonProject =
  /** `pyproject.toml` with dependencies, or a package of its own; with `uv.lock` beside it or not. */
  | {
      kind: 'project';
      locked: boolean;
      isPackage: boolean;
      dependencies: string[];
      /** Who builds the package says what it depends on. */
      isDynamic: boolean;
      usesSources: boolean;
      /** Folders of the repository are among its dependencies. */
      hasLocalSources: boolean;
      files: ProjectFiles;
    }
  | { kind: 'requirements'; usesSources: boolean; files: ProjectFiles }
  /** Nothing to install. */
  | { kind: 'none' };

/** Content of the files that matter, by name. */
type ProjectFiles = Readonly<Record<string, string>>;

const RELEVANT = ['pyproject.toml', 'uv.lock', 'uv.toml', '.python-version', 'requirements.txt'];

/** Looks at the files in `builder.context`. Throws `InvalidPyproject` for a pyproject.toml that is no TOML. */
export async function readPythonProject(snapshot: SnapshotReader, context: string): Promise<PythonProject> {
  const files: Record<string, string> = {};
  for (const name of RELEVANT) {
    const content = await snapshot.read(posix.join(context, name));
    if (content !== null) files[name] = content.toString('utf8');
  }
  return toPythonProject(files);
}

/** The order of contract 8: lock, project, requirements; a project that declares nothing leaves it to the next. */
export function toPythonProject(files: ProjectFiles): PythonProject {
  const pyproject = files['pyproject.toml'];
  const declared = pyproject === undefined ? null : readPyproject(pyproject);
  const lock = files['uv.lock'];
  if (declared !== null && (declared.isPackage || declared.installs)) {
    const { isPackage, isDynamic, dependencies } = declared;
    const hasLocalSources = declared.localSources || namesLocalSources(lock ?? '');
    const usesSources = isPackage || hasLocalSources;
    const locked = lock !== undefined;
    return {
      kind: 'project',
      locked,
      isPackage,
      isDynamic,
      dependencies,
      usesSources,
      hasLocalSources,
      files,
    };
  }
  const requirements = files['requirements.txt'];
  if (requirements === undefined || requirementLines(requirements).length === 0) return { kind: 'none' };
  return {
    kind: 'requirements',
    usesSources: requirementLines(requirements).some(isLocalRequirement),
    files,
  };
}

export class InvalidPyproject extends Error {
  override readonly name = 'InvalidPyproject';
}

interface Declared {
  isPackage: boolean;
  /** Something besides the project itself is to be installed. */
  installs: boolean;
  dependencies: string[];
  isDynamic: boolean;
  localSources: boolean;
}

function readPyproject(text: string): Declared | null {
  const document = parsePyproject(text);
  const project = table(document['project']);
  if (project === null) return null;
  const uv = table(table(document['tool'])?.['uv']) ?? {};
  const dependencies = Array.isArray(project['dependencies']) ? project['dependencies'].map(String) : [];
  const dynamic = Array.isArray(project['dynamic']) && project['dynamic'].includes('dependencies');
  return {
    isPackage: (document['build-system'] !== undefined && uv['package'] !== false) || uv['package'] === true,
    installs: dependencies.length > 0 || dynamic || uv['default-groups'] !== undefined,
    dependencies,
    isDynamic: dynamic,
    localSources: uv['workspace'] !== undefined || hasLocalSource(table(uv['sources']) ?? {}),
  };
}

function parsePyproject(text: string): Record<string, unknown> {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new InvalidPyproject(`pyproject.toml, line ${error.line}: ${error.message.split('\n')[0]}`, {
      cause: error,
    });
  }
}

function table(value: unknown): Record<string, unknown> | null {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : null;
}

function hasLocalSource(sources: Record<string, unknown>): boolean {
  return Object.values(sources)
    .flat()
    .some((source) => {
      const keys = table(source);
      return keys !== null && ('path' in keys || 'workspace' in keys);
    });
}

/** A lock names folders of the repository; the project itself, when it is no package, is `virtual = "."`. */
function namesLocalSources(lock: string): boolean {
  return (
    /^source = \{ (editable|directory|path) = /m.test(lock) || /^source = \{ virtual = "(?!\.")/m.test(lock)
  );
}

function requirementLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

function isLocalRequirement(line: string): boolean {
  return (
    /^(-r|-c|-e|--requirement|--constraint|--editable)\b/.test(line) ||
    /^(\.{0,2}\/|\.$|file:)| @ file:/.test(line)
  );
}
