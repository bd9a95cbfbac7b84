import { readSettingsFile, settingsFilePath, type SettingsFile } from '../machine/settings-file.ts';
import { stateFolder, type StateFolder } from '../machine/state-folder.ts';
import { apiKeyFor } from './credentials.ts';
import { AichorError } from '../errors.ts';

/** Where a setting's value came from. The order is the order of precedence. */
export type Origin = 'flag' | 'environment' | 'file' | 'default';

export interface Setting<T = string | null> {
  value: T;
  origin: Origin;
}

/** Values that flags of the present command gave. */
export interface FlagSettings {
  engine?: string | undefined;
  project?: string | undefined;
}

/** Everything a command goes by that is not an argument of its own. Contract 3.2. */
export interface Settings {
  folder: StateFolder;
  /** `AICHOR_HOME` when set: the one folder for all state. */
  home: Setting;
  /** Null: the embedded control plane. */
  server: Setting;
  api_key: Setting;
  project: Setting;
  /** What the user said; the manifest and the project may still decide. Null: nothing was said. */
  engine: Setting;
  output: Setting<'json' | null>;
}

type Environment = Record<string, string | undefined>;

/** Flag beats environment beats file beats default. Reads the settings file, and the credentials of a remote server. */
export function resolveSettings(env: Environment, flags: FlagSettings = {}): Settings {
  const folder = stateFolder(env);
  const file = readSettingsFile(folder.config);
  const server = setting({ environment: env['AICHOR_SERVER'], file: file.server });
  return {
    folder,
    home: setting({ environment: env['AICHOR_HOME'] }),
    server: server.value === null ? server : { ...server, value: serverUrl(server.value) },
    api_key: setting({
      environment: env['AICHOR_API_KEY'],
      file: server.value === null ? undefined : apiKeyFor(folder.config, serverUrl(server.value)),
    }),
    project: setting({ flag: flags.project, environment: env['AICHOR_PROJECT'], file: file.project }),
    engine: setting({ flag: flags.engine, environment: env['AICHOR_ENGINE'], file: file.engine }),
    output: output(env['AICHOR_OUTPUT']),
  };
}

/** An empty text counts as not given, as an empty environment variable does everywhere. */
function setting(from: {
  flag?: string | undefined;
  environment?: string | undefined;
  file?: string | undefined;
}): Setting {
  if (from.flag) return { value: from.flag, origin: 'flag' };
  if (from.environment) return { value: from.environment, origin: 'environment' };
  if (from.file) return { value: from.file, origin: 'file' };
  return { value: null, origin: 'default' };
}

function output(value: string | undefined): Settings['output'] {
  if (!value) return { value: null, origin: 'default' };
  if (value === 'json') return { value, origin: 'environment' };
  throw new AichorError('usage', `AICHOR_OUTPUT is ${JSON.stringify(value)}, but only "json" is known`, {
    hint: 'unset AICHOR_OUTPUT for human views on a terminal',
  });
}

/** A server's address in its one form: scheme, host, port, no slash at the end. */
export function serverUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    throw new AichorError(
      'usage',
      `the server ${JSON.stringify(text)} is not an http:// or https:// address`,
      {
        hint: 'set AICHOR_SERVER (or `aichor context set server`) to something like https://aichor.example.org',
      },
    );
  }
  const url = new URL(text);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Changes the settings file (0600, in one step); null removes a key. Returns the new content. */
export async function changeSettings(
  folder: StateFolder,
  changes: { [Key in keyof SettingsFile]?: SettingsFile[Key] | null },
): Promise<SettingsFile> {
  const next = Object.fromEntries(
    Object.entries({ ...readSettingsFile(folder.config), ...changes }).filter(([, value]) => value !== null),
  );
  const { writePrivateFile } = await import('./private-file.ts');
  await writePrivateFile(settingsFilePath(folder.config), `${JSON.stringify(next, null, 2)}\n`);
  return next;
}
