import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { DEFAULT_SETTINGS } from '../../render/kubernetes/settings/settings.ts';
import {
  isGroup,
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
    readSettings(settings, `--set ${text}`);
  }
  return readSettings(settings, 'the flags');
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
  const document = parseDocument(text, { logLevel: 'silent' });
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    throw new AichorError('usage', `--settings: ${file} is not valid YAML: ${mistake.message}`, {
      hint: 'write the settings as YAML or JSON, for example "registry: registry.example.org/team"',
    });
  }
  return { ...readSettings(document.toJS() ?? {}, file) };
}

/**
 * `gpu.product_label=…`: the place of a setting and its value, as its kind wants it; nothing after `=` means null. In
 * `selectors` and `claims` everything after the first dot is the name, which may hold dots itself.
 */
export function parseSetting(text: string): { path: string[]; value: unknown } {
  const end = text.indexOf('=');
  if (end < 1) {
    throw new AichorError('usage', `--set ${text} is not KEY=VALUE`, {
      hint: 'for example --set gpu.product_label=cloud.google.com/gke-accelerator',
    });
  }
  const [key, value] = [text.slice(0, end), text.slice(end + 1)];
  const dot = key.indexOf('.');
  const path = dot === -1 ? [key] : [key.slice(0, dot), key.slice(dot + 1)];
  return { path, value: valueOf(path, value, text) };
}

function valueOf(path: readonly string[], text: string, flag: string): unknown {
  const standard = defaultOf(path);
  if (standard === undefined) throw unknownKey(path, `--set ${flag}`);
  if (typeof standard === 'object' && standard !== null) return objectOf(text, flag);
  if (typeof standard === 'number') return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
  if (typeof standard === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text === '' ? null : text;
}

/** Undefined: there is no such setting. What a user names freely is a text. */
function defaultOf([first = '', ...rest]: readonly string[]): unknown {
  const top = Object.entries(DEFAULT_SETTINGS).find(([name]) => name === first);
  if (top === undefined || first === 'namespace') return undefined;
  const [name] = rest;
  if (name === undefined) return top[1];
  if (isGroup(first, top[1])) return Object.entries(top[1]).find(([inner]) => inner === name)?.[1];
  return typeof top[1] === 'object' && top[1] !== null ? 'text' : undefined;
}

/** A whole group at once, in JSON. */
function objectOf(text: string, flag: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AichorError('usage', `--set ${flag}: that setting holds others`, {
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
