import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { apiKeyFor, credentialsPath, storeApiKey } from '../../../src/cli/settings/credentials.ts';
import { authDocument, contextDocument } from '../../../src/cli/settings/settings-document.ts';
import { changeSettings, resolveSettings, serverUrl } from '../../../src/cli/settings/settings.ts';
import { engineWishes } from '../../../src/cli/submit/options.ts';
import { parseSettings, readSettingsFile, settingsFilePath } from '../../../src/machine/settings-file.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'aichor-settings-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const env = (more: Record<string, string> = {}) => ({ AICHOR_HOME: home, ...more });

it('a pipe in the place of the settings is refused, not waited for', () => {
  execFileSync('mkfifo', [settingsFilePath(home)]);
  expect(() => resolveSettings(env())).toThrow(/is a pipe, not a file/);
});

it('a file in the place of the folder of settings means that there are none', () => {
  const file = join(home, 'file');
  writeFileSync(file, '');
  expect(readSettingsFile(file)).toEqual({});
});

describe('precedence', () => {
  it('is flag, environment, file, default', async () => {
    expect(resolveSettings(env()).engine).toEqual({ value: null, origin: 'default' });
    await changeSettings(resolveSettings(env()).folder, { engine: 'from-file' });
    expect(resolveSettings(env()).engine).toEqual({ value: 'from-file', origin: 'file' });
    const shell = env({ AICHOR_ENGINE: 'from-env' });
    expect(resolveSettings(shell).engine).toEqual({ value: 'from-env', origin: 'environment' });
    expect(resolveSettings(shell, { engine: 'from-flag' }).engine).toEqual({
      value: 'from-flag',
      origin: 'flag',
    });
    expect(resolveSettings(env({ AICHOR_ENGINE: '' })).engine.origin).toBe('file');
  });

  it('lets only a flag and the environment insist on an engine', async () => {
    await changeSettings(resolveSettings(env()).folder, { engine: 'preferred' });
    expect(engineWishes(resolveSettings(env()))).toEqual({ engine: null, default_engine: 'preferred' });
    expect(engineWishes(resolveSettings(env({ AICHOR_ENGINE: 'x' })))).toEqual({
      engine: 'x',
      default_engine: null,
    });
    expect(engineWishes(resolveSettings(env(), { engine: 'y' }))).toEqual({
      engine: 'y',
      default_engine: null,
    });
  });
});

describe('the settings file', () => {
  it('is private, keeps what is not changed, and loses what is unset', async () => {
    const { folder } = resolveSettings(env());
    await changeSettings(folder, { engine: 'a', cpus: 4 });
    await changeSettings(folder, { project: 'Protein folding', engine: null });
    expect(parseSettings('{"cpus":4,"project":"Protein folding"}', 'x')).toEqual(
      await changeSettings(folder, {}),
    );
    expect(statSync(settingsFilePath(folder.config)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['{', /is not valid JSON/],
    ['[]', /is not a JSON object/],
    ['{"enigne": "x"}', /unknown key "enigne"/],
    ['{"cpus": "4"}', /a string at "cpus", where a number belongs/],
  ])('refuses %s, naming the file', (text, message) => {
    writeFileSync(settingsFilePath(home), text);
    const expected = expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) });
    expect(() => resolveSettings(env())).toThrow(expected);
    expect(() => resolveSettings(env())).toThrow(settingsFilePath(home));
  });

  it('takes null for not set, and __proto__ for an unknown key', () => {
    expect(parseSettings('{"engine": null}', 'x')).toEqual({});
    expect(parseSettings('\uFEFF{"max_pods": 900, "cpus": 0.5}', 'x')).toEqual({ max_pods: 900, cpus: 0.5 });
    for (const text of [
      '{"max_experiments": 0}',
      '{"max_experiments": -3}',
      '{"max_pods": 1.5}',
      '{"max_snapshots_gb": 0}',
      '{"max_snapshot_gb": 0}',
      '{"cpus": 0}',
      '{"cpus": -1}',
    ])
      expect(() => parseSettings(text, 'x')).toThrow(/^the settings file x has -?[\d.]+ at "(max_|cpus)/);
    expect(() => parseSettings('{"__proto__": {"engine": "x"}}', 'x')).toThrow(/unknown key "__proto__"/);
  });
});

describe('credentials', () => {
  it.each([0o644, 0o640, 0o602])(
    'that others may read or write (mode %o) are not used, until they are closed',
    async (mode) => {
      await storeApiKey(home, 'https://a.example', 'key-a');
      const path = credentialsPath(home);
      chmodSync(path, mode);
      expect(() => apiKeyFor(home, 'https://a.example')).toThrow(
        expect.objectContaining({ code: 'forbidden', hint: expect.stringContaining(`chmod 600 ${path}`) }),
      );
      expect(apiKeyFor(home, 'https://b.example')).toBeUndefined();
      await storeApiKey(home, 'https://a.example', 'key-b');
      expect(apiKeyFor(home, 'https://a.example')).toBe('key-b');
    },
  );

  it('are kept per server, privately, and never shown', async () => {
    await storeApiKey(home, 'https://a.example', 'key-a');
    await storeApiKey(home, 'https://b.example', 'key-b');
    expect(apiKeyFor(home, 'https://a.example')).toBe('key-a');
    expect(apiKeyFor(home, 'https://c.example')).toBeUndefined();
    expect(statSync(credentialsPath(home)).mode & 0o777).toBe(0o600);
    const settings = resolveSettings(env({ AICHOR_SERVER: 'https://b.example/' }));
    expect(settings.api_key).toEqual({ value: 'key-b', origin: 'file' });
    expect(authDocument(settings).settings['api_key']).toEqual({ value: '***', origin: 'file' });
    await storeApiKey(home, 'https://b.example', null);
    expect(resolveSettings(env({ AICHOR_SERVER: 'https://b.example' })).api_key.value).toBeNull();
  });

  it('give way to AICHOR_API_KEY', async () => {
    await storeApiKey(home, 'https://a.example', 'stored');
    const settings = resolveSettings(env({ AICHOR_SERVER: 'https://a.example', AICHOR_API_KEY: 'shell' }));
    expect(settings.api_key).toEqual({ value: 'shell', origin: 'environment' });
  });
});

describe('serverUrl', () => {
  it.each([
    ['HTTPS://Example.org/', 'https://example.org'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['https://example.org/aichor/', 'https://example.org/aichor'],
  ])('%s → %s', (text, expected) => {
    expect(serverUrl(text)).toBe(expected);
  });

  it.each(['', 'example.org', 'ftp://example.org', 'https://'])('refuses %j', (text) => {
    expect(() => serverUrl(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

it('shows what holds when nobody said anything', () => {
  const { settings } = contextDocument(resolveSettings({ AICHOR_HOME: home }));
  expect(settings).toEqual({
    engine: { value: 'local', origin: 'default' },
    notify: { value: null, origin: 'default' },
    project: { value: 'default', origin: 'default' },
    server: { value: null, origin: 'default' },
    output: { value: null, origin: 'default' },
    home: { value: home, origin: 'environment' },
  });
});

it('knows the forms of output for AICHOR_OUTPUT', () => {
  for (const value of ['table', 'json', 'yaml', 'tsv', 'id'])
    expect(resolveSettings(env({ AICHOR_OUTPUT: value })).output).toEqual({ value, origin: 'environment' });
  expect(() => resolveSettings(env({ AICHOR_OUTPUT: 'xml' }))).toThrow(
    expect.objectContaining({ code: 'usage' }),
  );
});
