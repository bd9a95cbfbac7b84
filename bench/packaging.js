/**
 * Packaging and the snapshot store from within: `node bench/packaging.js [FILES]` (20,000 by default).
 *
 * Prints each step of a first and a second submit of a tree of text beside `tar cz` of the same tree through a
 * pipe, measured in turn in the same run. Needs nothing built: it bundles what it measures into a temporary folder.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { once } from 'node:events';
import { build } from 'esbuild';
import { writeTree } from './tree.js';

const ROUNDS = 3;

const files = Number(process.argv[2] ?? 20_000);
const work = mkdtempSync(join(tmpdir(), 'aichor-bench-'));
try {
  await measure();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function measure() {
  const { scanDirectory, packFiles, createSnapshotStore } = await bundled();
  const tree = writeTree(join(work, 'tree'), { files, bytes: 700 });
  const times = {};
  for (let round = 0; round < ROUNDS; round++) {
    const cacheFolder = join(work, `cache-${round}`);
    const store = createSnapshotStore(join(work, `data-${round}`));
    const timed = async (name, step) => {
      const start = performance.now();
      const result = await step();
      (times[name] ??= []).push(performance.now() - start);
      return result;
    };
    await timed('tar cz, piped', () => drained('tar', ['cz', '-C', tree, '.']));
    const scan = await timed('scan, cold', () => scanDirectory(tree, { cacheFolder }));
    const { missing } = await timed('announce', () => store.announce(scan.listing));
    await timed('pack alone', () => counted(packFiles(tree, scan.listing, missing)));
    const left = await timed('pack and receive', () =>
      store.receive(scan.digest, packFiles(tree, scan.listing, missing), 'contents'),
    );
    if (left.missing.length > 0) throw new Error(`${left.missing.length} contents did not arrive`);
    const again = await timed('scan, unchanged', () => scanDirectory(tree, { cacheFolder }));
    if (again.digest !== scan.digest) throw new Error('two scans of one tree differ');
    const reader = await timed('open', () => store.open(scan.digest));
    await timed('lay out', () => reader.layOut(join(work, `out-${round}`)));
    for (const name of ['out', 'data']) rmSync(join(work, `${name}-${round}`), { recursive: true });
  }
  report(times);
}

function report(times) {
  const best = Object.fromEntries(Object.entries(times).map(([name, all]) => [name, Math.min(...all)]));
  const floor = best['tar cz, piped'];
  for (const [name, ms] of Object.entries(best)) line(name, ms, floor);
  line(
    'first submit (scan, announce, pack and receive)',
    best['scan, cold'] + best.announce + best['pack and receive'],
    floor,
  );
}

function line(name, ms, floor) {
  process.stdout.write(
    `${name.padEnd(50)} ${ms.toFixed(0).padStart(6)} ms  ${(ms / floor).toFixed(3)} x tar cz\n`,
  );
}

/** What is measured, built as the product is: one module, the worker beside it. */
async function bundled() {
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const contents = ['snapshot/packaging/scan', 'snapshot/packaging/sending/pack', 'snapshot/store/store']
    .map((name) => `export * from './src/${name}.ts';`)
    .join('\n');
  const shared = { bundle: true, platform: 'node', format: 'esm', banner: { js }, logLevel: 'error' };
  const resolveDir = join(dirname(fileURLToPath(import.meta.url)), '..');
  await build({ ...shared, stdin: { contents, resolveDir }, outfile: join(work, 'measured.js') });
  await build({
    ...shared,
    entryPoints: [join(resolveDir, 'src/snapshot/packaging/reading/reading-thread.ts')],
    format: 'cjs',
    banner: { js: "const here = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'here' },
    outfile: join(work, 'reading-thread.cjs'),
  });
  writeFileSync(join(work, 'package.json'), '{"type":"module"}');
  return import(pathToFileURL(join(work, 'measured.js')).href);
}

async function drained(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [bytes, [code]] = await Promise.all([counted(child.stdout), once(child, 'close')]);
  if (code !== 0 || bytes === 0) throw new Error(`${command} ended with ${code} after ${bytes} bytes`);
}

async function counted(stream) {
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  return bytes;
}
