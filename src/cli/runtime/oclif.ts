import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '@oclif/core/command';
import { Config } from '@oclif/core/config';
import { normalizeArgv } from '@oclif/core/help';
import type { PJSON, Plugin, Topic } from '@oclif/core/interfaces';
import { run } from '@oclif/core/run';
import type { CommandTable, Program } from './command.ts';
import { unknownCommand } from './unknown-command.ts';

/** Help, topics and aliases: everything but a command typed in full. Throws AichorError `usage`. */
export async function runWithOclif(argv: string[], program: Program, commands: CommandTable): Promise<void> {
  const config = await loadConfig(program, commands);
  refuseUnknown(argv, config);
  await run(argv, config);
}

/** oclif would look for a hook, and answers unknown words below a topic in ways of its own. */
function refuseUnknown(argv: readonly string[], config: Config): void {
  const words = argv.filter((word) => word !== '--help');
  const [first] = words;
  if (first === undefined || first === '--version') return;
  const [id] = normalizeArgv(config, [...words]);
  if (id !== undefined && (config.findCommand(id) || config.findTopic(id))) return;
  const shown = config.commands.filter((command) => !command.hidden);
  throw unknownCommand(
    words,
    shown.map((command) => command.id.replaceAll(':', ' ')),
  );
}

async function loadConfig(program: Program, commands: CommandTable): Promise<Config> {
  const plugin = await ownPlugin(program, commands);
  return Config.load({
    root: program.root,
    pjson: plugin.pjson,
    plugins: new Map([[plugin.name, plugin]]),
    userPlugins: false,
    devPlugins: false,
  });
}

/**
 * This program as the plugin that oclif's option `plugins` takes. Its own would look on disk for what the manifest
 * says already, and sort the manifest, which is sorted, by a collation that takes 6 ms to load.
 */
async function ownPlugin({ root, version }: Program, commands: CommandTable): Promise<Plugin> {
  const [pjson, manifest] = await Promise.all([
    readJson<PJSON & { name: string }>(join(root, 'package.json')),
    readJson<{ commands: Record<string, Command.Cached> }>(join(root, 'oclif.manifest.json')),
  ]);
  const load = async (id: string) => {
    const entry = commands[id];
    if (entry === undefined) throw new Error(`the manifest names a command ${id} that is not there`);
    const { default: command } = await entry();
    command.id = id;
    // Runs as oclif's commands do: `run(argv, config)`, where a config is more than the program it needs.
    return command as unknown as Command.Class;
  };
  const loadable = Object.values(manifest.commands).map((cached) => ({
    ...cached,
    pluginAlias: pjson.name,
    pluginType: 'core',
    load: () => load(cached.id),
  }));
  return {
    _base: '',
    alias: pjson.name,
    commandIDs: loadable.map(({ id }) => id),
    commands: loadable,
    commandsDir: undefined,
    findCommand: (id: string) => load(id),
    hasManifest: true,
    hooks: {},
    isRoot: true,
    load: async () => {},
    moduleType: 'module',
    name: pjson.name,
    options: { root },
    pjson,
    root,
    topics: topicsOf(pjson.oclif.topics),
    type: 'core',
    valid: true,
    version,
  };
}

/** Topics of package.json: a record by id. */
function topicsOf(topics: PJSON['oclif']['topics']): Topic[] {
  return Object.entries(topics ?? {}).map(([name, topic]) => ({ ...topic, name }));
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}
