import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { documentOf, errorOf, makeProgram, type Program } from './program.ts';

let program: Program;
beforeAll(() => {
  program = makeProgram('commits');
  mkdirSync(join(program.repo, 'aichor_manifests'));
  writeFileSync(join(program.repo, 'aichor_manifests/manifest.yaml'), '');
});
afterAll(() => program.close());

const explain = (...words: string[]) => program.aichor(['commits', 'explain', ...words]);

it('explains a message without a server, and with a look at the repository', async () => {
  const right = await explain('aichor[manifest.yaml]: train', '--repo-dir', '.');
  expect(right.code).toBe(0);
  expect(documentOf(right)).toEqual({
    triggers: true,
    manifest: 'aichor_manifests/manifest.yaml',
    why: expect.any(String),
    hint: null,
  });
  const wrong = await explain('aichor(./manifest.yaml): train');
  expect(wrong.code).toBe(0);
  expect(documentOf(wrong)).toMatchObject({
    triggers: false,
    manifest: null,
    hint: expect.stringContaining('aichor[manifest.yaml]:'),
  });
  expect(documentOf(await explain('aichor[manifst.yaml]: train', '--repo-dir', '.'))).toMatchObject({
    triggers: true,
    hint: 'did you mean aichor[manifest.yaml]: …?',
  });
  expect(documentOf(await explain('fix a typo'))).toMatchObject({
    ...{ triggers: false, manifest: null },
    hint: 'to start an experiment, write aichor[manifest.yaml]: what this commit is about',
  });
  const nowhere = await explain('exp: x', '--repo-dir', 'nowhere');
  expect(nowhere).toMatchObject({ code: 2, stdout: '' });
  expect(errorOf(nowhere)).toMatchObject({ code: 'usage', message: expect.stringContaining('nowhere') });
  expect(documentOf(await program.aichor(['server', 'status'])).running).toBe(false);
});
