/**
 * Builds `dist/` and `oclif.manifest.json`: the program as one file, and beside it what only some commands need.
 *
 *   node scripts/build.js            everything that changed
 *   node scripts/build.js --clean    from nothing (what a package is made of)
 *
 * Files appear whole (written beside, then renamed), what is imported before what imports it; a library that is not
 * named any more stays for an hour, because a process that runs may still load it.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cjsNames } from './build/cjs-names.js';
import { codeCaches, signed } from './build/code-cache.js';
import { commandSources, program } from './build/commands.js';
import { libraries } from './build/libraries.js';
import { commandManifest } from './build/manifest.js';
import { leanOclif } from './build/oclif.js';

const STALE_AFTER_MS = 3_600_000;

/** Never bundled: present at run time, or optional there. */
const EXTERNAL = ['typescript', 'ts-node', '@photostructure/sqlite', 'node:sqlite'];

const COMMON = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'error',
  write: false,
};

/** CommonJS starts sooner and is loaded without a wait; what asks for `import.meta.url` is given it. */
const COMMON_JS = {
  ...COMMON,
  format: 'cjs',
  // `import()` of what is beside it would start the loader of ES modules.
  supported: { 'dynamic-import': false },
  banner: { js: "const __bundle_url = require('node:url').pathToFileURL(__filename).href;" },
  define: { ...COMMON.define, 'import.meta.url': '__bundle_url' },
};

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
  const outputs = await bundle(root, dist, sources);
  let written = 0;
  for (const output of outputs) written += await writeWhole(join(dist, output.name), output.contents);
  const manifest = await commandManifest(root, sources, dist);
  written += await writeWhole(join(root, 'oclif.manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const names = outputs.map((output) => output.name);
  await removeStale(dist, new Set([...names, ...(await codeCaches(root, dist, names))]));
  return { commands: sources.length, written };
}

/**
 * The files of `dist/`, what is imported before what imports it:
 * `errors.cjs` (one class of errors for all), `lib-….cjs`, `server.cjs`, `pack-worker.js`, and `cli.cjs`, which is
 * the program: oclif, the table of commands, and all of our own code that a command may run.
 */
async function bundle(root, dist, sources) {
  const { build: esbuild } = await import('esbuild');
  const at = (file) => join(root, 'src', file);
  const libs = libraries(root, dist, EXTERNAL);
  const one = async (name, options) => {
    const { outputFiles } = await esbuild({
      absWorkingDir: root,
      outfile: `dist/${name}`,
      external: EXTERNAL,
      ...options,
    });
    return outputFiles.map(({ contents }) => ({ name, contents: signed(contents) }));
  };
  const cli = one('cli.cjs', {
    ...COMMON_JS,
    entryPoints: ['aichor:program'],
    plugins: [program(root, sources), apart(root), libs.plugin, leanOclif],
  });
  const others = await Promise.all([
    one('errors.cjs', { ...COMMON_JS, entryPoints: [at('errors.ts')] }),
    one('server.cjs', {
      ...COMMON_JS,
      entryPoints: [at('server/process/main.ts')],
      plugins: [libs.serverPlugin, apart(root), cjsNames],
    }),
    one('pack-worker.js', {
      ...COMMON,
      format: 'esm',
      entryPoints: [at('snapshot/packaging/sending/pack-worker.ts')],
    }),
  ]);
  const main = await cli;
  return [...others.flat(), ...(await libs.build()), ...main];
}

/** What stands in a file of its own beside `cli.cjs`: the control plane, and the errors that both sides throw. */
function apart(root) {
  const files = {
    [join(root, 'src/errors.ts')]: './errors.cjs',
    [join(root, 'src/server/process/main.ts')]: './server.cjs',
  };
  return {
    name: 'apart',
    setup(build) {
      build.onResolve({ filter: /\/(?:errors|main)\.ts$/ }, ({ path, resolveDir, kind }) => {
        const file = kind === 'entry-point' ? undefined : files[join(resolveDir, path)];
        return file === undefined ? undefined : { path: file, external: true };
      });
    },
  };
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
