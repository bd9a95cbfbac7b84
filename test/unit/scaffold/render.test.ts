import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { parseManifest } from '../../../src/manifest/parse.ts';
import type { Answers } from '../../../src/scaffold/answers/answers.ts';
import { PROFILES, PYTHON_VERSIONS } from '../../../src/scaffold/answers/choices.ts';
import { SCAFFOLD_OPERATORS } from '../../../src/scaffold/answers/operators.ts';
import { MANIFEST_PATH, renderRepository } from '../../../src/scaffold/render.ts';

const templates = join(import.meta.dirname, '../../../templates');

const everyChoice: Answers[] = SCAFFOLD_OPERATORS.flatMap((operator) =>
  PROFILES.flatMap((profile) =>
    PYTHON_VERSIONS.flatMap((python) =>
      [true, false].map((tensorboard) => ({ name: 'My Exp_a', operator, profile, python, tensorboard })),
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
    const files = await render({
      name: 'My Exp_a',
      operator: 'jobset',
      profile: 'cpu',
      python: '3.12',
      tensorboard: false,
    });
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
        tool: { uv: { package: false } },
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
      const answers: Answers = { name: 'x', operator: 'kuberay', profile: 'cpu', python, tensorboard: false };
      const version = /rayVersion: "([\d.]+)"/.exec(await fileOf(answers, MANIFEST_PATH))?.[1];
      expect(await fileOf(answers, 'pyproject.toml')).toContain(`"ray[default]==${version}"`);
    }
  });

  test('several pods are several pods for every operator', async () => {
    for (const operator of SCAFFOLD_OPERATORS) {
      const answers: Answers = {
        name: 'x',
        operator,
        profile: 'multi-pod',
        python: '3.12',
        tensorboard: false,
      };
      const counts = Array.from((await fileOf(answers, MANIFEST_PATH)).matchAll(/count: (\d+)/g), (match) =>
        Number(match[1]),
      );
      expect(Math.max(...counts), operator).toBeGreaterThan(1);
    }
  });

  test('the image: locked where there is a lock, no dev packages, not root; kuberay: wget and the own Python', async () => {
    for (const operator of SCAFFOLD_OPERATORS) {
      const dockerfile = await fileOf(
        { name: 'x', operator, profile: 'cpu', python: '3.11', tensorboard: false },
        'Dockerfile',
      );
      expect(dockerfile).toContain('FROM python:3.11-slim');
      expect(dockerfile).toContain('uv sync --locked --no-dev');
      expect(dockerfile).toMatch(/^USER app$/m);
      expect(dockerfile.includes('wget')).toBe(operator === 'kuberay');
      expect(dockerfile.includes('UV_PROJECT_ENVIRONMENT=/usr/local')).toBe(operator === 'kuberay');
    }
  });
});
