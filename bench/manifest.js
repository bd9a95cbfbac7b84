/**
 * The manifest language from within: `node bench/manifest.js`, after `npm run build`.
 *
 * Prints what a long manifest costs beside the YAML library alone, what hostile texts cost at most, and the whole
 * process of `manifest validate` beside a bare node, measured in turn in the same run. Fails above a limit.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { bareNode, bin, interleaved, median, root, row, timed } from './lab.js';
import { hostileTexts, longManifest } from './manifests.js';

const ROUNDS = 30;

const work = mkdtempSync(join(tmpdir(), 'aichor-bench-'));
let rows;
try {
  const language = await bundled();
  rows = [longText(language), ...hostile(language), ...(await wholeProcess())];
} finally {
  rmSync(work, { recursive: true, force: true });
}
for (const { what, value, unit, limit, floor, ok } of rows)
  process.stdout.write(
    `${ok ? 'ok    ' : 'MISSED'} ${what}: ${value.toFixed(1)} ${unit} (at most ${limit} ${unit}; ${floor})\n`,
  );
process.exitCode = rows.every(({ ok }) => ok) ? 0 : 1;

function longText({ parseManifest, parseDocument }) {
  const text = longManifest(1000);
  if (parseManifest(text, 'm').manifest === null) throw new Error('the long manifest is not valid');
  const [yaml, ours] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    yaml.push(clocked(() => parseDocument(text)));
    ours.push(clocked(() => parseManifest(text, 'm')));
  }
  const floor = `the YAML library alone: ${median(yaml).toFixed(1)} ms`;
  return row('a valid manifest of 1,000 lines, warm', { value: median(ours), unit: 'ms', limit: 20, floor });
}

function hostile({ parseManifest, parseDocument }) {
  return Object.entries(hostileTexts()).map(([name, text]) => {
    if (Buffer.byteLength(text) > 65_536) throw new Error(`${name} is refused for its size alone`);
    const [yaml, ours] = [[], []];
    for (let round = 0; round < 7; round++) {
      yaml.push(
        clocked(() => parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error' })),
      );
      ours.push(clocked(() => parseManifest(text, 'm')));
    }
    const floor = `the YAML library alone: ${median(yaml).toFixed(0)} ms`;
    return row(`hostile: ${name}`, { value: median(ours), unit: 'ms', limit: 100, floor });
  });
}

async function wholeProcess() {
  const manifest = join(work, 'manifest.yaml');
  writeFileSync(manifest, longManifest(30));
  const base = { ...process.env, AICHOR_HOME: join(work, 'home'), NODE_EXTRA_CA_CERTS: '' };
  const validate = (env) => timed(process.execPath, [bin, 'manifest', 'validate', manifest], { env });
  const times = await interleaved(15, { node: bareNode, validate: () => validate(process.env) });
  const without = await interleaved(15, {
    node: () => timed(process.execPath, ['-e', '0'], { env: base }),
    validate: () => validate(base),
  });
  return [
    ['with this environment', times],
    ['without further certificates', without],
  ].map(([what, { node, validate: ours }]) =>
    row(`manifest validate, ${what}`, {
      value: ours / node,
      unit: 'x',
      limit: 4,
      floor: `node -e 0: ${node.toFixed(0)} ms`,
    }),
  );
}

/** Processor time: what else runs on the machine counts less. */
function clocked(step) {
  const start = process.cpuUsage();
  step();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

async function bundled() {
  const outfile = join(work, 'language.mjs');
  const contents =
    "export { parseManifest } from './src/manifest/parse.ts'; export { parseDocument } from 'yaml';";
  await build({
    stdin: { contents, resolveDir: root, sourcefile: 'language.ts', loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outfile,
    logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('file:///');" },
  });
  return import(pathToFileURL(outfile).href);
}
