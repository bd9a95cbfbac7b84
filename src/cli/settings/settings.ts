import { readSettingsFile, settingsFilePath, type SettingsFile } from '../../machine/settings-file.ts';
import { stateFolder, type StateFolder } from '../../machine/state-folder.ts';
import { AichorError } from '../../errors.ts';
import { nameMistake } from '../../experiment/project-name.ts';
import { FORMATS, type Format } from '../runtime/output.ts';
import { apiKeyFor, EMBEDDED } from './credentials.ts';

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
  readonly api_key: Setting;
  project: Setting;
  /** What the user said; the manifest and the project may still decide. Null: nothing was said. */
  engine: Setting;
  output: Setting<Format | null>;
  /** Whom every experiment tells when it is over, as `--notify` takes it. */
  notify: Setting;
  /** GB that a directory may have which is sent; undefined: as much as is taken unless said. */
  max_snapshot_gb: number | undefined;
}

type Environment = Record<string, string | undefined>;

/** Flag beats environment beats file beats default. Reads the settings file, and the credentials of a remote server. */
export function resolveSettings(env: Environment, flags: FlagSettings = {}): Settings {
  const folder = stateFolder(env);
  const file = readSettingsFile(folder.config);
  const path = settingsFilePath(folder.config);
  const { AICHOR_SERVER, AICHOR_PROJECT, AICHOR_ENGINE, AICHOR_HOME, AICHOR_API_KEY, AICHOR_OUTPUT } = env;
  const { AICHOR_NOTIFY } = env;
  const server = urlSetting(setting({ environment: AICHOR_SERVER, file: file.server }));
  const project = setting({ flag: flags.project, environment: AICHOR_PROJECT, file: file.project });
  const engine = setting({ flag: flags.engine, environment: AICHOR_ENGINE, file: file.engine });
  return {
    folder,
    home: setting({ environment: AICHOR_HOME }),
    server,
    // Read when it is asked for: most commands never do.
    get api_key() {
      return setting({
        environment: AICHOR_API_KEY,
        file: apiKeyFor(folder.config, server.value ?? EMBEDDED),
      });
    },
    project: checked(project, 'project', path),
    engine: checked(engine, 'engine', path),
    output: output(AICHOR_OUTPUT),
    notify: setting({ environment: AICHOR_NOTIFY, file: file.notify }),
    max_snapshot_gb: file.max_snapshot_gb,
  };
}

function urlSetting(server: Setting): Setting {
  return server.value === null ? server : { ...server, value: serverUrl(server.value) };
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

/** A name that cannot be one is refused where it was given. */
function checked(named: Setting, what: 'project' | 'engine', file: string): Setting {
  const mistake = named.value === null ? null : nameMistake(named.value);
  if (mistake === null) return named;
  const places = { flag: `--${what}`, environment: `AICHOR_${what.toUpperCase()}`, file, default: '' };
  const place = places[named.origin];
  throw new AichorError('usage', `${place}: the ${what} ${JSON.stringify(named.value)} ${mistake}`, {
    hint: `correct ${place}: the name of ${what === 'engine' ? 'an engine' : 'a project'} is a text of one line`,
  });
}

function output(value: string | undefined): Settings['output'] {
  if (!value) return { value: null, origin: 'default' };
  const format = FORMATS.find((each) => each === value);
  if (format !== undefined) return { value: format, origin: 'environment' };
  throw new AichorError('usage', `AICHOR_OUTPUT is ${JSON.stringify(value)}, which is no form of output`, {
    hint: `it is one of ${FORMATS.join(', ')}; unset, a terminal gets tables and a pipe JSON`,
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
