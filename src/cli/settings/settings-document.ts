import type { Identity } from '../../api/key-contract.ts';
import { DEFAULT_PROJECT } from '../../experiment/project-name.ts';
import { shownNotify } from '../notify/shown.ts';
import type { Setting, Settings } from './settings.ts';

/** What `context show` and `auth status` print (contract 3.1). Keys are never shown. */
export interface SettingsDocument {
  settings: Record<string, Setting>;
  /** Who the key is, for the server: its name and role. Absent where no server was asked. */
  identity?: Identity;
}

export function contextDocument(settings: Settings): SettingsDocument {
  const { engine, project, server, output, notify, home } = settings;
  return {
    settings: {
      engine: orDefault(engine, 'local'),
      project: orDefault(project, DEFAULT_PROJECT),
      server,
      output,
      notify: notify.value === null ? notify : { ...notify, value: shownNotify(notify.value) },
      home,
    },
  };
}

export function authDocument({ server, api_key: key }: Settings): SettingsDocument {
  return { settings: { server, api_key: key.value === null ? key : { ...key, value: '***' } } };
}

/** What holds when nobody said anything. */
function orDefault(setting: Setting, value: string): Setting {
  return setting.value === null ? { value, origin: 'default' } : setting;
}
