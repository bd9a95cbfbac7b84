import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Eta } from 'eta';
import { requirements, type Answers } from './answers.ts';
import { resourceLines } from './manifest-lines.ts';
import { projectNames } from './names.ts';
import { rayVersion, SCAFFOLDED } from './operators.ts';

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
}

/** Which template becomes which file. */
function templateOf({ operator }: Answers, module: string): Record<string, string> {
  return {
    '.aichorignore': 'repository/aichorignore.eta',
    '.dockerignore': 'repository/dockerignore.eta',
    '.gitignore': 'repository/gitignore.eta',
    Dockerfile: 'repository/Dockerfile.eta',
    'README.md': 'repository/README.md.eta',
    [MANIFEST_PATH]: 'repository/manifest.yaml.eta',
    'pyproject.toml': 'repository/pyproject.toml.eta',
    [`src/${module}/main.py`]: `main/${operator}.py.eta`,
  };
}

/** All files of a new repository in memory: relative path → text. Nothing is written. */
export async function renderRepository(answers: Answers, sources: Sources): Promise<Map<string, string>> {
  const { module } = projectNames(answers.name);
  const facts = factsOf(answers);
  const eta = new Eta({ autoEscape: false, autoTrim: false });
  const files = new Map<string, string>([
    [SCHEMA_PATH, sources.schema],
    [`src/${module}/__init__.py`, ''],
  ]);
  for (const [path, template] of Object.entries(templateOf(answers, module))) {
    files.set(path, eta.renderString(await readFile(join(sources.templates, template), 'utf8'), facts));
  }
  return files;
}

/** What the templates can name, as `it`. */
function factsOf(answers: Answers): object {
  const { distribution, module } = projectNames(answers.name);
  const scaffolded = SCAFFOLDED[answers.operator];
  const types = scaffolded.types(answers.profile);
  return {
    ...answers,
    distribution,
    module,
    summary: `${answers.operator}, ${types.map((type) => type.name).join(' and ')}`,
    types,
    gpus: types.some((type) => type.gpus > 0),
    command: scaffolded.command(answers.profile, `src/${module}/main.py`),
    requirements: requirements(answers),
    ray: rayVersion(answers),
    uv: UV_VERSION,
    syncFlags: scaffolded.syncFlags,
    resources: resourceLines,
  };
}
