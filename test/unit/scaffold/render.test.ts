import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/manifest/parse.ts';
import type { Answers } from '../../../src/scaffold/answers/answers.ts';
import { PATTERNS, PROFILES, PYTHON_VERSIONS } from '../../../src/scaffold/answers/choices.ts';
import { SCAFFOLD_OPERATORS } from '../../../src/scaffold/answers/operators.ts';
import { MANIFEST_PATH, renderRepository } from '../../../src/scaffold/render.ts';

const templates = join(import.meta.dirname, '../../../templates');

const PLAIN: Answers = {
  name: 'My Exp_a',
  operator: 'jobset',
  profile: 'cpu',
  python: '3.12',
  tensorboard: false,
  pattern: null,
};

const everyChoice: Answers[] = SCAFFOLD_OPERATORS.flatMap((operator) =>
  PROFILES.flatMap((profile) =>
    PYTHON_VERSIONS.flatMap((python) =>
      [true, false].map((tensorboard) => ({ ...PLAIN, operator, profile, python, tensorboard })),
    ),
  ),
);

const render = (answers: Answers) => renderRepository(answers, { templates, schema: '{}\n' });

async function fileOf(answers: Answers, path: string): Promise<string> {
  const text = (await render(answers)).get(path);
  if (text === undefined) throw new Error(`no ${path}`);
  return text;
}

describe('renderRepository', () => {
  test('writes the tree of the documentation and its ignore files', async () => {
    const files = await render(PLAIN);
    expect([...files.keys()].sort()).toEqual([
      '.aichor/manifest.schema.json',
      '.aichorignore',
      '.dockerignore',
      '.gitignore',
      'Dockerfile',
      'README.md',
      'aichor_manifests/manifest.yaml',
      'pyproject.toml',
      'src/my_exp_a/__init__.py',
      'src/my_exp_a/main.py',
      'src/my_exp_a/model.py',
      'src/my_exp_a/outputs.py',
      'tests/test_main.py',
    ]);
  });

  test.each(everyChoice)(
    '$operator $profile $python tensorboard=$tensorboard: a manifest without a finding',
    async (answers) => {
      const text = await fileOf(answers, MANIFEST_PATH);
      const { manifest, diagnostics } = parseManifest(text, MANIFEST_PATH, { strict: true });
      expect(diagnostics).toEqual([]);
      expect(manifest).not.toBeNull();
      expect(text.split('\n', 1)[0]).toBe('# yaml-language-server: $schema=../.aichor/manifest.schema.json');
    },
  );

  test.each(everyChoice.filter(({ python }) => python === '3.12'))(
    '$operator $profile tensorboard=$tensorboard: every option that is commented out holds when it is taken',
    async (answers) => {
      const [head = '', ...parts] = (await fileOf(answers, MANIFEST_PATH)).split('# -- Common options');
      const options = parts.join('').replace(/^(\s*)# (?!-- --)/gm, '$1');
      const { manifest, diagnostics } = parseManifest(`${head}# ${options}`, MANIFEST_PATH);
      expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(manifest?.spec).toMatchObject({
        timeoutSeconds: 8 * 3600,
        restartPolicy: { backoffLimit: 2 },
        tensorboard: { enabled: true },
        engineName: 'my-cluster',
        storage: { sharedVolume: { sizeGB: 10 } },
      });
    },
  );

  test.each(everyChoice)(
    '$operator $profile $python tensorboard=$tensorboard: a pyproject.toml',
    async (answers) => {
      const project = parseToml(await fileOf(answers, 'pyproject.toml'));
      expect(project).toMatchObject({
        project: { name: 'my-exp-a', 'requires-python': `>=${answers.python}` },
        'build-system': { 'build-backend': 'uv_build' },
        'dependency-groups': { dev: [expect.stringContaining('pytest'), expect.stringContaining('ruff')] },
      });
    },
  );

  test('nothing of the templates is left in any file', async () => {
    for (const answers of everyChoice) {
      for (const [path, text] of await render(answers)) {
        expect(text, path).not.toMatch(/<%|%>|undefined|\[object/);
        expect(text.endsWith('\n') || text === '', path).toBe(true);
      }
    }
  });

  test('ray in the image is the ray of the cluster', async () => {
    for (const python of PYTHON_VERSIONS) {
      const answers: Answers = { ...PLAIN, operator: 'kuberay', python };
      const version = /rayVersion: "([\d.]+)"/.exec(await fileOf(answers, MANIFEST_PATH))?.[1];
      expect(await fileOf(answers, 'pyproject.toml')).toContain(`"ray[default]==${version}"`);
    }
  });

  test('several pods are several pods for every operator', async () => {
    for (const operator of SCAFFOLD_OPERATORS) {
      const answers: Answers = { ...PLAIN, operator, profile: 'multi-pod' };
      const counts = Array.from((await fileOf(answers, MANIFEST_PATH)).matchAll(/count: (\d+)/g), (match) =>
        Number(match[1]),
      );
      expect(Math.max(...counts), operator).toBeGreaterThan(1);
    }
  });

  test('the image: locked where there is a lock, no dev packages, not root; kuberay: wget and the own Python', async () => {
    for (const operator of SCAFFOLD_OPERATORS) {
      const dockerfile = await fileOf({ ...PLAIN, operator, python: '3.11' }, 'Dockerfile');
      expect(dockerfile).toContain('FROM python:3.11-slim');
      expect(dockerfile).toContain('uv sync --locked --no-dev');
      expect(dockerfile).toMatch(/^USER 1000$/m);
      // Each image that has to be fetched is one more that a company's mirror must have.
      expect(dockerfile).not.toMatch(/^# *syntax/m);
      expect(dockerfile).toMatch(/^ARG UV_DEFAULT_INDEX SSL_CERT_FILE$/m);
      expect(dockerfile).toContain('--mount=type=secret,id=netrc,');
      expect(dockerfile.includes('wget')).toBe(operator === 'kuberay');
      expect(dockerfile.includes('UV_PROJECT_ENVIRONMENT=/usr/local')).toBe(operator === 'kuberay');
    }
  });

  test('profiles without a GPU lock builds of torch for CPUs, those with one the usual ones', async () => {
    for (const profile of PROFILES) {
      const project = await fileOf({ ...PLAIN, operator: 'pytorch', profile }, 'pyproject.toml');
      const isForCpus = profile === 'cpu' || profile === 'multi-pod';
      expect(parseToml(project)['tool']).toMatchObject(
        isForCpus ? { uv: { sources: { torch: [{ index: 'pytorch-cpu' }] } } } : { ruff: {} },
      );
      expect(project.includes('pytorch.org')).toBe(isForCpus);
    }
  });

  test('TensorBoard is asked for: what writes events is installed, and what shows them', async () => {
    const asked = { ...PLAIN, tensorboard: true };
    expect(await fileOf(asked, 'pyproject.toml')).toMatch(/"tensorboard>=.*\n.*"tensorboardx>=/);
    expect(await fileOf(PLAIN, 'pyproject.toml')).not.toContain('tensorboard');
  });

  test.each(PATTERNS)('%s: a manifest that names the pods that are waited for', async (pattern) => {
    const answers = { ...PLAIN, pattern };
    const { manifest, diagnostics } = parseManifest(await fileOf(answers, MANIFEST_PATH), MANIFEST_PATH);
    expect(diagnostics).toEqual([]);
    if (manifest?.spec.operator !== 'jobset') throw new Error('no jobset');
    const peers = manifest.spec.types.map(({ name, count }) => `${name}=${count}`).join(',');
    expect(manifest.spec.env).toEqual({ PEERS: peers });
    expect(await fileOf(answers, 'src/my_exp_a/peers.py')).toContain('def everybody()');
  });
});
