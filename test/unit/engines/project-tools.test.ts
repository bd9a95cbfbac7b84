import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import type { FollowPlace } from '../../../src/engines/local/build/environments/environment-work.ts';
import {
  findTool,
  notedSettings,
  noteSettings,
  toolVariables,
} from '../../../src/engines/local/build/shell/project-tools.ts';

it('each stage has the release of Poetry that it asks for, installed once', async () => {
  const shims = mkdtempSync(join(tmpdir(), 'aichor-project-tools-'));
  try {
    const place = { shims, tool: 'uv', program: 'uv', env: { PATH: '' } } as unknown as FollowPlace;
    const installed: string[] = [];
    const find = (release: string) =>
      findTool(
        { tool: 'poetry' },
        {
          place,
          env: { POETRY_VERSION: release },
          run: async (words) => {
            const python = words[words.indexOf('--python') + 1];
            if (!words.includes('install') || python === undefined) return true;
            installed.push(...words.filter((word) => word.startsWith('poetry==')));
            mkdirSync(dirname(python), { recursive: true });
            writeFileSync(join(dirname(python), 'poetry'), '');
            return true;
          },
        },
      );
    const old = await find('1.8.3');
    expect(await find('2.0.0')).not.toBe(old);
    expect(await find('1.8.3')).toBe(old);
    expect(installed).toEqual(['poetry==1.8.3', 'poetry==2.0.0']);
  } finally {
    rmSync(shims, { recursive: true, force: true });
  }
});

it('what poetry config is told counts as its variables do, until it is taken back', async () => {
  const shims = mkdtempSync(join(tmpdir(), 'aichor-project-tools-'));
  try {
    const tell = (words: string) => noteSettings(words.split(' '), { shims });
    await tell('poetry config http-basic.our-index me hunter2');
    await tell('poetry config --local installer.no-binary numpy');
    await tell('poetry config virtualenvs.in-project true');
    await tell('poetry config virtualenvs.in-project false');
    await tell('poetry config cache-dir');
    await tell('pip config set global.index-url https://example.org');
    const noted = {
      POETRY_HTTP_BASIC_OUR_INDEX_USERNAME: 'me',
      POETRY_HTTP_BASIC_OUR_INDEX_PASSWORD: 'hunter2',
      POETRY_INSTALLER_NO_BINARY: 'numpy',
      POETRY_VIRTUALENVS_IN_PROJECT: 'false',
    };
    expect(await notedSettings({ shims })).toEqual(noted);
    await tell('poetry config --unset http-basic.our-index');
    await tell('poetry config installer.no-binary --unset');
    expect(await notedSettings({ shims })).toEqual({ POETRY_VIRTUALENVS_IN_PROJECT: 'false' });
  } finally {
    rmSync(shims, { recursive: true, force: true });
  }
});

it('Poetry has no settings of the machine, whatever the image says of them', () => {
  const place = { shims: '/build/shims', environment: '/build/environment', env: { PATH: '/bin' } };
  const env = { POETRY_CONFIG_DIR: '/etc/pypoetry', POETRY_HTTP_BASIC_OURS_USERNAME: 'image' };
  expect(toolVariables(env, place)).toMatchObject({
    POETRY_CONFIG_DIR: '/build/shims/tools/poetry-settings',
    POETRY_HTTP_BASIC_OURS_USERNAME: 'image',
  });
});
