import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../../src/manifest/diagnostic.ts';
import { parseManifest } from '../../../src/manifest/parse.ts';
import {
  imageVariables,
  variableFindings,
  type VariableSources,
} from '../../../src/repository/command-variables.ts';
import { readDockerfile } from '../../../src/repository/read-dockerfile.ts';
import { PATTERNS, PROFILES } from '../../../src/scaffold/answers/choices.ts';
import { SCAFFOLD_OPERATORS } from '../../../src/scaffold/answers/operators.ts';
import { MANIFEST_PATH, renderRepository } from '../../../src/scaffold/render.ts';

const ROOT = join(import.meta.dirname, '../../..');

interface Repository {
  manifest: string;
  dockerfile?: string | undefined;
  sources?: Partial<VariableSources>;
}

async function findings({ manifest: text, dockerfile, sources = {} }: Repository): Promise<Diagnostic[]> {
  const { manifest, places } = parseManifest(text, 'm.yaml');
  if (manifest === null) throw new Error('the manifest is broken');
  const paths = { has: (path: string) => path === 'Dockerfile', list: () => ['Dockerfile'] };
  const read = (path: string) => Promise.resolve(path === 'Dockerfile' ? (dockerfile ?? null) : null);
  const found = await readDockerfile(manifest.builder, { paths, read });
  const image = found === null ? null : imageVariables(found.image);
  return variableFindings(
    manifest,
    { submitted: null, image, isEngineOpen: false, ...sources },
    { file: 'm.yaml', places },
  );
}

const manifestOf = (command: string, { operator = 'jobset', more = '' } = {}) => `kind: AIchorManifest
apiVersion: 0.2.3
builder: {image: a, dockerfile: Dockerfile${more}}
spec:
  operator: ${operator}
  image: a
  env: {GIVEN: "1", LEARNING_RATE: "0.1"}
  command: ${JSON.stringify(command)}
  types: {worker: {resources: {cpus: 1, memory: 1}}}
`;

const KNOWN = 'FROM python:3.12-slim\nARG BUILT=1\nENV MODEL=small DATA_DIR=/data\n';
const OWN = 'FROM registry.example/team/base:1\nENV DATA_DIR=/data\n';

async function unset(command: string, more: Omit<Repository, 'manifest'> = {}): Promise<string[]> {
  const found = await findings({ dockerfile: KNOWN, ...more, manifest: manifestOf(command) });
  return found.map(({ message }) => /uses (\S+),/.exec(message)?.[1] ?? message);
}

describe('variables that nothing sets', () => {
  test.each([
    ['echo $SEED', ['SEED']],
    ['echo "${SEED}" $LEARNING_RAT $SEED', ['SEED', 'LEARNING_RAT']],
    ['train --out $AICHOR_OUTPUT_PTH', ['AICHOR_OUTPUT_PTH']],
    ['echo $(SEED) $NODE_RANK $LOCAL_RANK', ['SEED', 'NODE_RANK', 'LOCAL_RANK']],
    ['echo $VCS_COMMIT', ['VCS_COMMIT']],
  ])('%s', async (command, names) => {
    expect(await unset(command)).toEqual(names);
  });

  test.each([
    'python main.py',
    'echo $GIVEN $LEARNING_RATE $MODEL $DATA_DIR $BUILT',
    'echo $AICHOR_OUTPUT_PATH $AICHOR_RESTART_ATTEMPT $VCS_SHA $JOB_COMPLETION_INDEX $TENSORBOARD_LOGGING_DIR',
    'echo $HOME $PATH $USER $RANDOM $SECONDS $HOSTNAME $LC_ALL $BASH_VERSION $http_proxy $NO_PROXY $PWD',
    'echo $PYTHONPATH:$PYTHON_VERSION $CUDA_HOME $LD_LIBRARY_PATH $CONDA_PREFIX $NVIDIA_VISIBLE_DEVICES',
    'echo $KUBERNETES_SERVICE_HOST $DB_SERVICE_PORT $AWS_REGION $GOOGLE_APPLICATION_CREDENTIALS',
    "SEED=1; echo $SEED ${OTHER:-1} '$QUOTED' \\$ESCAPED",
    'source env.sh; echo $SEED',
    // The manifest's own mistake, which its rules tell.
    'echo $RANK',
  ])('%s: are set, or may be', async (command) => {
    expect(await unset(command)).toEqual([]);
  });

  test('what is submitted sets them', async () => {
    const submitted = ['SEED'];
    expect(await unset('echo $SEED $SEDE', { sources: { submitted } })).toEqual(['SEDE']);
  });

  test.each<[string, Omit<Repository, 'manifest'>]>([
    ['an image of their own', { dockerfile: OWN }],
    ['no Dockerfile', { dockerfile: undefined }],
    ['an image whose name is an argument', { dockerfile: 'ARG BASE\nFROM $BASE\n' }],
    ['an engine with variables of its own', { sources: { isEngineOpen: true } }],
  ])('%s: only a slip of the pen is told', async (_, more) => {
    expect(await unset('echo $SEED $WANDB_API_KEY $LEARNING_RAET', more)).toEqual(['LEARNING_RAET']);
  });

  test('only the stage that is built sets variables, and those that it begins with', async () => {
    const dockerfile =
      'FROM python:3.12 AS first\nENV A=1\nFROM first AS second\nENV B=1\nFROM python:3.12\nENV C=1\n';
    const of = async (target: string) => {
      const manifest = manifestOf('echo $A $B $C', { more: `, target: ${target}` });
      return (await findings({ manifest, dockerfile })).map(({ message }) => message.split(',')[0]);
    };
    expect(await of('second')).toEqual(['the command uses C']);
    expect(await of('first')).toEqual(['the command uses B', 'the command uses C']);
  });

  test('they are told where they stand, with what was meant', async () => {
    const manifest = manifestOf('x').replace(
      'command: "x"',
      'command: |\n    python main.py \\\n      --lr ${LEARNING_RAET} --seed "$SEED"',
    );
    expect(await findings({ manifest, dockerfile: KNOWN })).toMatchObject([
      {
        code: 'variable-not-set',
        severity: 'warning',
        path: 'spec.command',
        line: 10,
        column: 12,
        end_column: 28,
        message:
          'the command uses LEARNING_RAET, which neither the manifest nor the Dockerfile sets; LEARNING_RATE is set',
        hint: 'did you mean LEARNING_RATE?',
      },
      { line: 10, column: 37, hint: expect.stringContaining('--env SEED=VALUE') },
    ]);
  });
});

describe('no false alarm', () => {
  const FOLDER = join(ROOT, 'test/fixtures/manifests');

  test.each(readdirSync(FOLDER).filter((name) => name.endsWith('.yaml')))('%s', async (name) => {
    const manifest = readFileSync(join(FOLDER, name), 'utf8');
    expect(await findings({ manifest, dockerfile: 'FROM python:3.12\n' })).toEqual([]);
  });

  test.each(SCAFFOLD_OPERATORS.flatMap((operator) => PROFILES.map((profile) => ({ operator, profile }))))(
    'a new repository: $operator $profile',
    async ({ operator, profile }) => {
      for (const pattern of operator === 'jobset' ? [null, ...PATTERNS] : [null]) {
        const answers = { name: 'a', operator, profile, python: '3.12', tensorboard: true, pattern } as const;
        const files = await renderRepository(answers, { templates: join(ROOT, 'templates'), schema: '{}' });
        const manifest = files.get(MANIFEST_PATH) ?? '';
        expect(await findings({ manifest, dockerfile: files.get('Dockerfile') })).toEqual([]);
      }
    },
  );

  test('the examples of the documentation', async () => {
    const texts = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
      .filter((name) => name.endsWith('.md'))
      .map((name) => readFileSync(join(ROOT, name), 'utf8'));
    const manifests = texts
      .flatMap((text) => [...text.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, block = '']) => block))
      .filter(
        (block) => /^kind: "?AIchorManifest/m.test(block) && parseManifest(block, '').manifest !== null,
      );
    expect(manifests.length).toBeGreaterThan(5);
    for (const manifest of manifests)
      expect(await findings({ manifest, dockerfile: 'FROM python:3.12\n' })).toEqual([]);
  });

  test('the example of a repository', async () => {
    const folder = join(ROOT, 'examples/parameter-server');
    const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8');
    const manifests = readdirSync(join(folder, 'aichor_manifests'));
    expect(manifests.length).toBeGreaterThan(0);
    for (const name of manifests) {
      const manifest = readFileSync(join(folder, 'aichor_manifests', name), 'utf8');
      expect(await findings({ manifest, dockerfile })).toEqual([]);
    }
  });
});
