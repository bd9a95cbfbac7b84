import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { bareNode, ended, interleaved, root, row } from '../lab.js';

/** What a command that loads it waits for, as docs/dependencies.md tells it; bundled to one file each, as `dist/` is. */
const LOADED = {
  'node:http': `import 'node:http';`,
  'node:https': `import 'node:https';`,
  undici: `import { Agent, request } from 'undici'; new Agent(); globalThis.used = request;`,
  'node:child_process': `import 'node:child_process';`,
  execa: `import { execa } from 'execa'; globalThis.used = execa;`,
};

/** Beyond it what docs/dependencies.md says of them would be wrong. */
const LIMITS = { undici: 3.5, execa: 1.3 };

/** Milliseconds of processor time, which a busy machine does not make longer, as shares of those of a bare Node. */
export async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-loading-'));
  try {
    const files = {};
    for (const [name, source] of Object.entries({ node: '', ...LOADED }))
      files[name] = await bundled(join(folder, `${name.replace(':', '-')}.cjs`), source);
    const measures = Object.fromEntries(
      Object.entries(files).map(([name, file]) => [name, () => processorTime(file)]),
    );
    const { node, ...times } = await interleaved(15, measures);
    const wall = await bareNode();
    return Object.entries(times).map(([name, ms]) =>
      row(`loading ${name}`, {
        value: (ms - node) / node,
        unit: 'x',
        limit: LIMITS[name] ?? 0.2,
        floor: `what a bare node takes, ${node.toFixed(0)} ms of a processor (${wall.toFixed(0)} ms)`,
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function bundled(file, source) {
  const bundle = await rolldown({
    cwd: root,
    input: 'bench:loaded',
    platform: 'node',
    external: [/^node:/],
    plugins: [
      {
        name: 'loaded',
        resolveId: (id) => (id === 'bench:loaded' ? id : null),
        load: (id) => (id === 'bench:loaded' ? source || 'globalThis.used = 0;' : null),
      },
    ],
  });
  await bundle.write({ file, format: 'cjs', minify: true });
  await bundle.close();
  return file;
}

async function processorTime(file) {
  const program = `require(${JSON.stringify(file)}); const used = process.cpuUsage(); console.log((used.user + used.system) / 1000)`;
  return Number((await ended(process.execPath, ['-e', program])).stdout);
}
