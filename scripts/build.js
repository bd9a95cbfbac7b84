/**
 * Builds `dist/` and `oclif.manifest.json`: one esbuild bundle, split so that a command loads only what it needs.
 *
 *   node scripts/build.js            everything that changed
 *   node scripts/build.js --clean    from nothing (what a package is made of)
 *
 * Files appear whole (written beside, then renamed), chunks before the entries that name them; a chunk that no
 * entry names any more stays for an hour, because a process that runs may still load it.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cjsNames } from './build/cjs-names.js';
import { commandSources, lazyCommandTable } from './build/commands.js';
import { commandManifest } from './build/manifest.js';
import { leanOclif } from './build/oclif.js';

const STALE_AFTER_MS = 3_600_000;

/** Entries with a file of their own; the table of commands is generated. */
const ENTRIES = {
  cli: 'src/cli/main.ts',
  server: 'src/server/main.ts',
  'pack-worker': 'src/packaging/pack-worker.ts',
};

/** Never bundled: present at run time, or optional there. */
const EXTERNAL = ['typescript', 'ts-node', '@photostructure/sqlite', 'node:sqlite'];

/** CommonJS packages inside an ES module expect these three. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { fileURLToPath as __toPath } from 'node:url';",
  "import { dirname as __dirnameOf } from 'node:path';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __toPath(import.meta.url), __dirname = __dirnameOf(__filename);',
].join('');

/**
 * @param {string} root the package's folder
 * @param {{clean?: boolean}} options
 * @returns {Promise<{commands: number, written: number}>}
 */
export async function build(root, { clean = false } = {}) {
  const dist = join(root, 'dist');
  if (clean) await rm(dist, { recursive: true, force: true });
  await mkdir(dist, { recursive: true });
  const sources = await commandSources(root);
  const outputs = await bundle(root, sources);
  let written = 0;
  for (const output of outputs) written += await writeWhole(join(dist, output.name), output.contents);
  const manifest = await commandManifest(root, sources, dist);
  written += await writeWhole(join(root, 'oclif.manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await removeStale(dist, new Set(outputs.map((output) => output.name)));
  return { commands: sources.length, written };
}

/** Chunks first, so that no entry is ever there before what it imports. */
async function bundle(root, sources) {
  const { build: esbuild } = await import('esbuild');
  const entries = Object.entries(ENTRIES).filter(([, file]) => existsSync(join(root, file)));
  const result = await esbuild({
    absWorkingDir: root,
    entryPoints: { ...Object.fromEntries(entries), commands: 'aichor:commands' },
    outdir: 'dist',
    entryNames: '[name]',
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    banner: { js: BANNER },
    external: EXTERNAL,
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [lazyCommandTable(root, sources), leanOclif, cjsNames],
    logLevel: 'error',
    write: false,
  });
  const outputs = result.outputFiles.map((file) => ({
    name: relative(join(root, 'dist'), file.path),
    contents: file.contents,
  }));
  return outputs.sort((a, b) => Number(b.name.startsWith('chunk-')) - Number(a.name.startsWith('chunk-')));
}

/** Writes only what differs. Returns 1 when it wrote. */
async function writeWhole(path, contents) {
  const wanted = Buffer.from(contents);
  const present = await readFile(path).catch((error) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (present?.equals(wanted)) return 0;
  const beside = join(dirname(path), `.${process.pid}-${Date.now()}.tmp`);
  await writeFile(beside, wanted);
  await rename(beside, path);
  return 1;
}

async function removeStale(dist, names) {
  for (const name of await readdir(dist)) {
    if (names.has(name)) continue;
    const path = join(dist, name);
    const age = Date.now() - (await stat(path)).mtimeMs;
    if (age > STALE_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

/** Builds and says so on stderr, or says why not and ends this program. */
export async function buildOrExit(root, options = {}) {
  const started = performance.now();
  try {
    const { commands, written } = await build(root, options);
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    process.stderr.write(`built ${commands} commands in ${seconds} s; ${written} files written\n`);
  } catch (error) {
    process.stderr.write(`not built; dist/ is as it was\n${error.message}\n`);
    process.exit(1);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  await buildOrExit(root, { clean: process.argv.includes('--clean') });
}
