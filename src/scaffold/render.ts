import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Eta } from 'eta';
import { isOnGpu, requirements, type Answers } from './answers/answers.ts';
import type { Profile } from './answers/choices.ts';
import { resourceLines } from './manifest-lines.ts';
import { projectNames } from './answers/names.ts';
import { patternTypes, RAY_VERSION, SCAFFOLDED, type ScaffoldOperator } from './answers/operators.ts';
import type { ProjectInstaller } from './project/read-project.ts';

/** Where the manifest of a new repository stands. */
export const MANIFEST_PATH = 'aichor_manifests/manifest.yaml';

/** The schema that the manifest's first line names. */
export const SCHEMA_PATH = '.aichor/manifest.schema.json';

/** The uv of the image: the one the templates were tried with. */
const UV_VERSION = '0.13.9';

/** What a repository is rendered from besides the answers. */
interface Sources {
  /** The folder `templates/` of this package. */
  templates: string;
  /** JSON Schema of the manifest, as text. */
  schema: string;
  /** Whether there is a page for agents. */
  agents?: boolean;
}

/** What is added to a project that is there. */
export interface ProjectAnswers {
  distribution: string;
  operator: ScaffoldOperator;
  profile: Profile;
  /** `3.12`. */
  python: string;
  tensorboard: boolean;
  /** What each pod runs. */
  command: string;
  /** Null: one is written. */
  dockerfile: string | null;
  installer: ProjectInstaller;
  isInstalled: boolean;
  /** Version of Ray in the image. */
  ray: string;
}

/** Which template becomes which file. */
function templateOf({ operator, pattern }: Answers, module: string): Record<string, string> {
  const isStandardLibrary = operator === 'jobset' || operator === 'kuberay';
  return {
    '.aichorignore': 'repository/aichorignore.eta',
    '.dockerignore': 'repository/dockerignore.eta',
    '.gitignore': 'repository/gitignore.eta',
    Dockerfile: 'repository/Dockerfile.eta',
    'README.md': 'repository/README.md.eta',
    [MANIFEST_PATH]: 'repository/manifest.yaml.eta',
    'pyproject.toml': 'repository/pyproject.toml.eta',
    [`src/${module}/main.py`]: `main/${operator}.py.eta`,
    [`src/${module}/outputs.py`]: 'shared/outputs.py.eta',
    ...(isStandardLibrary && { [`src/${module}/model.py`]: 'shared/model.py.eta' }),
    ...(pattern !== null && { [`src/${module}/peers.py`]: `peers/${pattern}.py.eta` }),
    'tests/test_main.py': 'tests/test_main.py.eta',
  };
}

/** All files of a new repository in memory: relative path → text. Nothing is written. */
export async function renderRepository(answers: Answers, sources: Sources): Promise<Map<string, string>> {
  const { module } = projectNames(answers.name);
  const files = new Map<string, string>([
    [SCHEMA_PATH, sources.schema],
    [`src/${module}/__init__.py`, ''],
  ]);
  const head = await readFile(join(sources.templates, 'peers/head.py.eta'), 'utf8');
  const facts = { ...factsOf(answers), head: head.trimEnd() };
  const forAgents = sources.agents === true && { 'AGENTS.md': 'repository/AGENTS.md.eta' };
  const templates = { ...templateOf(answers, module), ...forAgents };
  const rendered = await renderTemplates(templates, facts, sources);
  for (const [path, text] of rendered) files.set(path, text);
  return files;
}

/** What a project that is there needs besides what it has, in memory. */
export async function renderForProject(
  answers: ProjectAnswers,
  sources: Sources,
): Promise<Map<string, string>> {
  const templates = {
    '.aichorignore': 'repository/aichorignore.eta',
    [MANIFEST_PATH]: 'repository/manifest.yaml.eta',
    ...(answers.dockerfile === null && {
      Dockerfile: 'project/Dockerfile.eta',
      '.dockerignore': 'repository/dockerignore.eta',
    }),
  };
  const types = SCAFFOLDED[answers.operator].types(answers.profile);
  const facts = {
    ...answers,
    dockerfile: answers.dockerfile ?? 'Dockerfile',
    peers: null,
    types,
    uv: UV_VERSION,
    resources: resourceLines,
  };
  const rendered = await renderTemplates(templates, facts, sources);
  return rendered.set(SCHEMA_PATH, sources.schema);
}

async function renderTemplates(
  templates: Record<string, string>,
  facts: object,
  { templates: folder }: Sources,
): Promise<Map<string, string>> {
  const eta = new Eta({ autoEscape: false, autoTrim: false });
  const files = new Map<string, string>();
  for (const [path, template] of Object.entries(templates))
    files.set(path, eta.renderString(await readFile(join(folder, template), 'utf8'), facts));
  return files;
}

/** What the templates can name, as `it`. */
function factsOf(answers: Answers): object {
  const { distribution, module } = projectNames(answers.name);
  const scaffolded = SCAFFOLDED[answers.operator];
  const { pattern, profile } = answers;
  const types = pattern === null ? scaffolded.types(profile) : patternTypes(pattern, profile);
  return {
    ...answers,
    distribution,
    module,
    summary: `${answers.operator}, ${types.map((type) => type.name).join(' and ')}`,
    types,
    gpus: types.some((type) => type.gpus > 0),
    command: scaffolded.command(profile, `-m ${module}.main`),
    peers: pattern === null ? null : types.map(({ name, count }) => `${name}=${count}`).join(','),
    cpuTorch: answers.operator === 'pytorch' && !isOnGpu(profile),
    dockerfile: 'Dockerfile',
    requirements: requirements(answers),
    ray: RAY_VERSION,
    uv: UV_VERSION,
    syncFlags: scaffolded.syncFlags,
    resources: resourceLines,
  };
}
