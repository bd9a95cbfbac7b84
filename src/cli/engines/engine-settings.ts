import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { DEFAULT_SETTINGS } from '../../render/kubernetes/settings/settings.ts';
import {
  isNamedByUsers,
  readSettings,
  unknownKey,
  type SettingsInput,
} from '../../render/kubernetes/settings/settings-schema.ts';

/** Flags that are settings by another name. */
interface SettingFlags {
  settings?: string | undefined;
  set: readonly string[];
  registry?: string | undefined;
  'pull-secret'?: string | undefined;
  queue?: string | undefined;
  'storage-class'?: string | undefined;
}

/** The settings of a file, over them those of flags. Throws AichorError `usage` that names file or flag, and key. */
export function readSettingFlags(flags: SettingFlags): SettingsInput {
  const { registry, queue, 'pull-secret': pullSecret, 'storage-class': storageClass } = flags;
  const named = { registry, pull_secret: pullSecret, queue, storage_class: storageClass };
  let settings = flags.settings === undefined ? {} : readSettingsFile(flags.settings);
  for (const [key, value] of Object.entries(named))
    if (value !== undefined) settings = placed(settings, [key], value === '' ? null : value);
  for (const text of flags.set) {
    const { path, value } = parseSetting(text);
    settings = placed(settings, path, value);
    readSettings(settings, flagOf(text));
  }
  return readSettings(settings, 'the flags');
}

/** The flag, for messages: those stay in terminals and logs, and a value may have a login in it. */
function flagOf(text: string): string {
  return `--set ${text.replace(/(^[^=]*=)?.*@/s, '$1…@')}`;
}

type Values = Record<string, unknown>;

function readSettingsFile(file: string): Values {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AichorError(
      'usage',
      `--settings: ${file} cannot be read (${systemErrorCode(cause) ?? String(cause)})`,
      {
        hint: 'name a file of settings in YAML or JSON',
        cause,
      },
    );
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { logLevel: 'silent', lineCounter });
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    throw new AichorError('usage', `--settings: ${file} is not valid YAML: ${mistake.message}`, {
      hint: 'write the settings as YAML or JSON, for example "registry: registry.example.org/team"',
    });
  }
  const where = (path: readonly string[]) => {
    const offset = offsetOf(document, path);
    return offset === null ? file : `${file}:${lineCounter.linePos(offset).line}`;
  };
  return { ...readSettings(document.toJS() ?? {}, where) };
}

/** Where the key of a setting begins, or of the innermost one around it; null: the file has none of them. */
function offsetOf(document: Document, path: readonly string[]): number | null {
  let node: unknown = document.contents;
  let offset: number | null = null;
  for (const name of path) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === name) : undefined;
    if (pair === undefined || !isScalar(pair.key)) break;
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}

/**
 * `gpu.product_label=…`: the place of a setting and its value, as its kind wants it; nothing after `=` means null. In
 * `selectors` and `claims` everything after the first dot is the name, which may hold dots itself.
 */
export function parseSetting(text: string): { path: string[]; value: unknown } {
  const end = text.indexOf('=');
  if (end < 1) {
    throw new AichorError('usage', `${flagOf(text)} is not KEY=VALUE`, {
      hint: 'for example --set gpu.product_label=cloud.google.com/gke-accelerator',
    });
  }
  const [key, value] = [text.slice(0, end), text.slice(end + 1)];
  const path = pathOf(key);
  return { path, value: valueOf(path, value, text) };
}

/** `build.mirrors.docker.io`: the group, the setting in it, and a name of the user's own, which may hold dots. */
function pathOf(key: string): string[] {
  const [first, rest] = split(key);
  if (rest === null) return [first];
  const [inner, name] = split(rest);
  return name !== null && isNamedByUsers(`${first}.${inner}`) ? [first, inner, name] : [first, rest];
}

function split(key: string): [first: string, rest: string | null] {
  const dot = key.indexOf('.');
  return dot === -1 ? [key, null] : [key.slice(0, dot), key.slice(dot + 1)];
}

function valueOf(path: readonly string[], text: string, flag: string): unknown {
  const standard = defaultOf(path);
  if (standard === undefined) throw unknownKey(path, flagOf(flag));
  if (Array.isArray(standard)) return text.split(',').filter((each) => each !== '');
  if (typeof standard === 'object' && standard !== null) return objectOf(text, flag);
  if (typeof standard === 'number') return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
  if (typeof standard === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text === '' ? null : text;
}

/** Undefined: there is no such setting. What a user names freely is a text, or the mirrors of a registry. */
function defaultOf(path: readonly string[]): unknown {
  let found: unknown = path[0] === 'namespace' ? undefined : DEFAULT_SETTINGS;
  for (const [depth, name] of path.entries()) {
    if (typeof found !== 'object' || found === null) return undefined;
    const place = path.slice(0, depth).join('.');
    if (isNamedByUsers(place)) return place === 'build.mirrors' ? [] : 'text';
    found = Object.entries(found).find(([inner]) => inner === name)?.[1];
  }
  return found;
}

/** A whole group at once, in JSON. */
function objectOf(text: string, flag: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AichorError('usage', `${flagOf(flag)}: that setting holds others`, {
      hint: 'set one of them (KEY.NAME=VALUE), or all of them as JSON',
      cause,
    });
  }
}

function placed(values: Values, [first = '', ...rest]: readonly string[], value: unknown): Values {
  if (rest.length === 0) return { ...values, [first]: value };
  const inner = values[first];
  const held: Values = typeof inner === 'object' && inner !== null ? { ...inner } : {};
  return { ...values, [first]: placed(held, rest, value) };
}
