import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Plugin } from '@oclif/core';
import { eagerCommandTable } from './commands.js';

/**
 * What `oclif.manifest.json` holds: every command's flags, arguments and texts, so that help and parsing need not
 * load any. Its version is package.json's; oclif warns on every start when they differ.
 *
 * @param {string} root the package's folder
 * @param {{id: string, file: string}[]} sources
 * @param {string} dist where a throw-away bundle of all commands may stand
 * @returns {Promise<{commands: Record<string, object>, version: string}>}
 */
export async function commandManifest(root, sources, dist) {
  const name = `.all-commands-${process.pid}.js`;
  await bundleAll(root, sources, join(dist, name));
  try {
    const pjson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    pjson.oclif = {
      ...pjson.oclif,
      commands: { strategy: 'explicit', target: `./dist/${name}`, identifier: 'COMMANDS' },
    };
    const plugin = new Plugin({
      root,
      pjson,
      isRoot: true,
      ignoreManifest: true,
      errorOnManifestCreate: true,
    });
    await plugin.load();
    return { commands: sorted(textsMended(plugin.manifest.commands)), version: plugin.manifest.version };
  } finally {
    await rm(join(dist, name), { force: true });
  }
}

/** oclif itself stays outside, so that the command classes are those of the loader. */
async function bundleAll(root, sources, outfile) {
  const { rolldown } = await import('rolldown');
  const bundled = await rolldown({
    cwd: root,
    input: 'aichor:commands',
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && id !== 'aichor:commands',
    platform: 'node',
    plugins: [eagerCommandTable(sources)],
    logLevel: 'warn',
  });
  const { output } = await bundled.generate({ format: 'esm', codeSplitting: false });
  await writeFile(outfile, output[0].code);
}

function textsMended(commands) {
  for (const command of Object.values(commands)) {
    // Help would say `[default: ]`.
    for (const flag of Object.values(command.flags)) if (flag.default?.length === 0) delete flag.default;
  }
  return commands;
}

function sorted(commands) {
  return Object.fromEntries(Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1)));
}
