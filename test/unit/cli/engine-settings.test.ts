import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseSetting, readSettingFlags } from '../../../src/cli/engines/engine-settings.ts';
import { isAichorError } from '../../../src/errors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const file = join(folder, 'engine.yaml');
  writeFileSync(file, text);
  return file;
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (isAichorError(error)) return `${error.code}: ${error.message} | ${error.hint}`;
    throw error;
  }
  return 'taken';
}

test.each([
  ['registry=reg.example.org/team', ['registry'], 'reg.example.org/team'],
  [
    'gpu.product_label=cloud.google.com/gke-accelerator',
    ['gpu', 'product_label'],
    'cloud.google.com/gke-accelerator',
  ],
  ['selectors.cloud.google.com/gke-spot=true', ['selectors', 'cloud.google.com/gke-spot'], 'true'],
  ['claims.data=nfs', ['claims', 'data'], 'nfs'],
  ['ttl_s=3600', ['ttl_s'], 3600],
  ['allow_ptrace=true', ['allow_ptrace'], true],
  ['autoscaling=false', ['autoscaling'], false],
  ['queue=', ['queue'], null],
  ['storage.s3_endpoint=http://minio:9000?a=b', ['storage', 's3_endpoint'], 'http://minio:9000?a=b'],
  ['selectors={"pool":"a"}', ['selectors'], { pool: 'a' }],
  [
    'build.mirrors.docker.io=mirror.example/hub,b.example',
    ['build', 'mirrors', 'docker.io'],
    ['mirror.example/hub', 'b.example'],
  ],
  ['build.insecure_registries=a:5000,b', ['build', 'insecure_registries'], ['a:5000', 'b']],
  ['build.secrets.pip.conf=index/conf', ['build', 'secrets', 'pip.conf'], 'index/conf'],
  ['build.ca=company/ca.pem', ['build', 'ca'], 'company/ca.pem'],
  ['build.ca=', ['build', 'ca'], null],
])('--set %s', (text, path, value) => {
  expect(parseSetting(text)).toEqual({ path, value });
});

test('flags go over --set, which goes over the file', () => {
  const settings = fileOf('registry: from-file\nqueue: from-file\ngpu: {mig: mixed}\nttl_s: 5\n');
  const set = ['queue=from-set', 'gpu.product_label=label'];
  expect(readSettingFlags({ settings, set, 'pull-secret': 'key', 'storage-class': 'fast' })).toEqual({
    registry: 'from-file',
    queue: 'from-set',
    ttl_s: 5,
    gpu: { mig: 'mixed', product_label: 'label' },
    pull_secret: 'key',
    storage_class: 'fast',
  });
});

test('a file may be JSON, or empty', () => {
  expect(readSettingFlags({ settings: fileOf('{"queue": "q"}'), set: [] })).toEqual({ queue: 'q' });
  expect(readSettingFlags({ settings: fileOf(''), set: [] })).toEqual({});
});

test.each([
  ['gpu.product_lable=x', 'did you mean "gpu.product_label"?'],
  ['nonsense=x', 'the settings are registry'],
  ['registry', 'KEY=VALUE'],
  ['=x', 'KEY=VALUE'],
  ['gpu=x', 'set one of them'],
  ['ttl_s=soon', '"ttl_s" cannot be taken'],
  ['allow_ptrace=yes', '"allow_ptrace" cannot be taken'],
  ['namespace=team', 'give it with --namespace'],
  ['build.mirror=x', 'did you mean "build.mirrors"?'],
  ['build.mirrors.docker.io=https://mirror.example', 'without https://'],
  ['build.mirrors.docker.io=', '"build.mirrors.docker.io" cannot be taken'],
  ['build.mirrors.docker.io="\n[x]', 'without https://'],
  ['build.mirrors.https://registry.example=x', 'a registry is named as in images'],
  ['build.insecure_registries=http://r:5000', 'without https://'],
  ['build.ca=Company CA', 'or NAME/KEY'],
  ['build.config_map=../x', 'or NAME/KEY'],
  ['build.index_url=pypi.example', 'begins with https://'],
  ['build.secrets...data=x', 'not ".." first'],
  ['build.secrets.a=x/..', 'NAME/KEY'],
  ['build.secrets._env=x', 'given by build.variables_secret'],
  ['build.secrets.a,src=x', 'letters, digits'],
])('--set %s is refused by its own name', (text, said) => {
  const told = refusal(() => readSettingFlags({ set: [text] }));
  expect(told).toContain('usage: ');
  expect(told).toContain(`--set ${text}`);
  expect(told).toContain(said);
});

test.each([
  'build.index_ur=https://me:hush@pypi.example/s',
  'build.index_url=me:hu/sh,hush@h',
  'gpu=x://me:hush@pypi.example',
  'me:hush@h',
])('a login in --set %s is not repeated', (text) => {
  const told = refusal(() => readSettingFlags({ set: [text] }));
  expect(told).toContain('usage: --set ');
  expect(told).not.toContain('hush');
  expect(told).not.toContain('hu/sh');
});

test('an index with a login is refused, and the login is not repeated', () => {
  const told = refusal(() =>
    readSettingFlags({ set: ['build.index_url=https://user:s3cret@pypi.example/simple'] }),
  );
  expect(told).toContain('build.secrets.netrc');
  expect(told).not.toContain('s3cret');
});

test('a configuration of BuildKit stands alone', () => {
  const set = ['build.config_map=toml', 'build.insecure_registries=r:5000'];
  expect(refusal(() => readSettingFlags({ set }))).toContain('"build.config_map" cannot be taken: it stands');
});

test('files are refused by their names, at the line', () => {
  const wrong = fileOf('registri: x\n');
  const nested = fileOf('registry: r\nbuild:\n  ca: ca\n  mirrors:\n    docker.io: [https://m]\n');
  expect(refusal(() => readSettingFlags({ settings: nested, set: [] }))).toContain(
    `${nested}:5: "build.mirrors.docker.io.0" cannot be taken: a mirror`,
  );
  fileOf('registri: x\n');
  expect(refusal(() => readSettingFlags({ settings: wrong, set: [] }))).toBe(
    `usage: ${wrong}:1: there is no setting "registri" | did you mean "registry"?`,
  );
  expect(refusal(() => readSettingFlags({ settings: fileOf('a: [b\n'), set: [] }))).toContain(
    'not valid YAML',
  );
  const absent = join(folder, 'absent.yaml');
  expect(refusal(() => readSettingFlags({ settings: absent, set: [] }))).toContain(
    `${absent} cannot be read (ENOENT)`,
  );
});
