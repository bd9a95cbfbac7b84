/**
 * Builds `dist/` and `oclif.manifest.json`. docs/program.md tells what lies there and why.
 *
 *   node scripts/build.js            everything that changed
 *   node scripts/build.js --clean    from nothing (what a package is made of)
 *
 * Files appear whole (written beside, then renamed), what is loaded before what loads it; a chunk that is not named
 * any more stays for an hour, because a process that runs may still load it.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { codeCaches, signed } from './build/code-cache.js';
import { consoleFiles } from './build/console.js';
import { commandSources, program } from './build/commands.js';
import { commandManifest } from './build/manifest.js';

const STALE_AFTER_MS = 3_600_000;

/** Never bundled: what Node has, and what is present at run time or optional there. */
export const EXTERNAL = [/^node:/, 'typescript', 'ts-node', '@photostructure/sqlite'];

/**
 * @param {string} root the package's folder
 * @param {{clean?: boolean}} options
 * @returns {Promise<{commands: number, written: number}>}
 */
export async function build(root, { clean = false } = {}) {
  const dist = join(root, 'dist');
  if (clean) await rm(dist, { recursive: true, force: true });
  await mkdir(join(dist, 'console'), { recursive: true });
  const sources = await commandSources(root);
  const outputs = await bundle(root, sources);
  const pages = await consoleFiles(root);
  let written = 0;
  for (const output of [...outputs, ...pages])
    written += await writeWhole(join(dist, output.name), output.contents);
  const manifest = await commandManifest(root, sources, dist);
  written += await writeWhole(join(root, 'oclif.manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const caches = await codeCaches(root, dist, outputs);
  await removeStale(dist, new Set(['console', ...outputs.map(({ name }) => name), ...caches]));
  await removeStale(join(dist, 'console'), new Set(pages.map(({ name }) => basename(name))));
  return { commands: sources.length, written };
}

/**
 * The files of `dist/`, chunks before the entries that load them: `cli.cjs` (the program), `server.cjs` (the control
 * plane), `object-store.cjs` (which serves folders over S3), `reading-thread.cjs` (the thread that helps to read files),
 * `integrity-thread.cjs` (the one that reads the whole database), and a chunk for whatever several of them share or only some commands need. CommonJS starts sooner than ES modules and is loaded without a wait.
 *
 * @returns {Promise<{name: string, contents: Buffer}[]>}
 */
async function bundle(root, sources) {
  const { rolldown } = await import('rolldown');
  const at = (file) => join(root, 'src', file);
  const bundled = await rolldown({
    cwd: root,
    input: {
      cli: 'aichor:program',
      server: at('server/process/main.ts'),
      'object-store': at('object-store/serve/main.ts'),
      'reading-thread': at('snapshot/packaging/reading/reading-thread.ts'),
      'integrity-thread': at('server/store/damage/integrity-thread.ts'),
    },
    external: EXTERNAL,
    // A client library asks for the one that Node has, which warns that it is deprecated.
    resolve: { alias: { punycode: join(root, 'node_modules/punycode/punycode.js') } },
    platform: 'node',
    plugins: [program(root, sources)],
    transform: { target: 'node20', define: { 'process.env.NODE_ENV': '"production"' } },
    logLevel: 'warn',
  });
  const { output } = await bundled.generate({
    format: 'cjs',
    exports: 'named',
    // `import()` of what is beside it would start the loader of ES modules.
    dynamicImportInCjs: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    comments: { legal: false },
  });
  const chunks = output.filter(({ type }) => type === 'chunk');
  return inOrder(chunks).map(({ fileName, code }) => ({ name: fileName, contents: signed(code) }));
}

/** Chunks behind all that they load. */
function inOrder(chunks) {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const done = new Set();
  const visit = (chunk) => {
    if (chunk === undefined || done.has(chunk)) return;
    done.add(chunk);
    for (const name of [...chunk.imports, ...chunk.dynamicImports]) visit(byName.get(name));
    ordered.push(chunk);
  };
  const ordered = [];
  for (const chunk of chunks) visit(chunk);
  return ordered;
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
