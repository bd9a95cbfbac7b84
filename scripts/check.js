/**
 * `npm run check`: everything that can be known without running the program.
 *
 *   npm run check                  all of it
 *   npm run check -- house words   some of it
 *   npm run check -- --update      writes the snapshot of commands, docs/reference/, docs/manifest.md and docs/json.md anew
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installIfNeeded } from './install-if-needed.js';
import { tool } from './run.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SNAPSHOT = 'test/snapshots/commands.json';

/** Each gives its findings; a tool that prints its own gives the exit code. */
const CHECKS = {
  build: builds,
  // What runs in a browser knows other globals.
  types: async () =>
    (await tool(root, 'typescript/bin/tsc', ['-p', '.'])) ||
    tool(root, 'typescript/bin/tsc', ['-p', 'src/console']),
  lint: () => tool(root, 'oxlint/bin/oxlint', ['--deny-warnings', 'src', 'test', 'bench', 'scripts', 'bin']),
  format: () =>
    tool(root, 'prettier/bin/prettier.cjs', [
      '--check',
      '--cache',
      '--cache-strategy=content',
      '--log-level=warn',
      '.',
    ]),
  house,
  unused: () => tool(root, 'knip/bin/knip.js', ['--no-progress']),
  // Without its scripts `npm pack` takes dist/ as it is; with them it would build it from nothing.
  package: () =>
    tool(root, 'publint/src/cli.js', ['--strict'], { ...process.env, npm_config_ignore_scripts: 'true' }),
  commands: () => upToDate(SNAPSHOT, commandSnapshot),
  reference: () => upToDate('docs/reference/commands.md', referencePage),
  manifest: () => upToDate('docs/manifest.md', manifestPage),
  json,
  words: async () => (await import('./check/words.js')).wordFindings(root),
};

async function builds() {
  const { build } = await import('./build.js');
  return build(root).then(
    () => [],
    (error) => [error.message],
  );
}

async function house() {
  const { sourceFiles } = await import('./check/imports.js');
  const { houseFindings } = await import('./check/house.js');
  const { shapeFindings } = await import('./check/shape.js');
  const files = await sourceFiles(join(root, 'src'));
  return [...houseFindings(files), ...shapeFindings(files)];
}

async function commandSnapshot() {
  const { commandShape } = await import('./check/commands.js');
  return commandShape(await commands());
}

async function referencePage() {
  return (await import('./check/reference.js')).referencePage(await commands());
}

async function manifestPage() {
  return (await import('./check/manifest-page.js')).manifestPage(root);
}

/** Also what the page cannot say, so that it is never half. */
async function json() {
  const { page, findings } = await (await import('./check/json/page.js')).jsonPage(root, await commands());
  return findings.length > 0 ? findings : upToDate('docs/json.md', () => page);
}

async function commands() {
  return JSON.parse(await readFile(join(root, 'oclif.manifest.json'), 'utf8')).commands;
}

async function upToDate(file, wanted) {
  const path = join(root, file);
  const text = await wanted();
  if (process.argv.includes('--update')) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  const present = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return present === text ? [] : [`${file} does not say what the commands are: npm run check -- --update`];
}

await installIfNeeded(root);
const asked = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const failed = [];
for (const [name, check] of Object.entries(CHECKS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const outcome = await check();
  if (Array.isArray(outcome)) for (const finding of outcome) process.stdout.write(`${finding}\n`);
  const good = Array.isArray(outcome) ? outcome.length === 0 : outcome === 0;
  process.stdout.write(`${good ? 'ok    ' : 'FAILED'} ${name}\n`);
  if (!good) failed.push(name);
}
process.exitCode = failed.length === 0 ? 0 : 1;
