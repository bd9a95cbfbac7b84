/**
 * `npm run bench [NAME…]`: the figures this project promises, each beside its floor, measured in turn in one run.
 *
 *   npm run bench                         all of them
 *   npm run bench start-up many-pods      some
 *
 * npm run bench packaging logs          look inside these two; they print for themselves
 * npm run bench console-peers           the console beside Ray's dashboard and dstack's, which it installs from PyPI once
 * npm run bench kubernetes              on a cluster, which it starts (root, Go) or which AICHOR_TEST_KUBECONFIG names
 *
 * npm run bench kubernetes-scale        the same at 5,000 pods, 1,000 experiments and 20 control planes
 * npm run bench kubernetes-pods         5,000 pods that an API server of its own plays: what they cost the control plane; no cluster
 *
 * A figure that misses its limit says so; the exit code is 1 only when one cannot be measured.
 */
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { installIfNeeded } from '../scripts/install-if-needed.js';
import { root } from './lab.js';

// Where it is set, every Node reads it at its start: the floor too, which would make everything look better.
delete process.env.NODE_EXTRA_CA_CERTS;
await installIfNeeded(root);
const { buildOrExit } = await import('../scripts/build.js');
await buildOrExit(root);
const known = readdirSync(join(root, 'bench', 'figures'))
  .map((file) => file.replace(/\.js$/, ''))
  .sort();
const INSIDE = ['console-peers', 'kubernetes', 'kubernetes-pods', 'kubernetes-scale', 'logs', 'packaging'];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name) && !INSIDE.includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `no figure called ${unknown.join(', ')}; there are: ${[...known, ...INSIDE].join(', ')}\n`,
  );
  process.exit(2);
}

for (const name of INSIDE.filter((one) => asked.includes(one))) {
  const { run } = await import('../scripts/run.js');
  process.exitCode =
    (await run(process.execPath, [join(root, 'bench', `${name}.js`)], { cwd: root })) || process.exitCode;
}
const figures = asked.length > 0 ? asked.filter((name) => !INSIDE.includes(name)) : known;
if (figures.length === 0) process.exit();
process.stdout.write(`Node ${process.version}, ${cpus().length} CPUs\n\n`);
process.stdout.write('| figure | measured | before | limit | floor | |\n|---|---|---|---|---|---|\n');
for (const name of figures) {
  try {
    const { measure } = await import(`./figures/${name}.js`);
    for (const measured of await measure()) process.stdout.write(tableRow(measured));
  } catch (error) {
    process.exitCode = 1;
    process.stdout.write(`| ${name} | | | | | BROKEN |\n`);
    process.stderr.write(`${name}: ${error.stack}\n`);
  }
}

function tableRow({ what, value, unit, limit, floor, today, ok }) {
  const before = today === null ? '' : amount(today, unit);
  const cells = [what, amount(value, unit), before, amount(limit, unit), floor, ok ? 'ok' : 'MISSED'];
  return `| ${cells.join(' | ')} |\n`;
}

function amount(value, unit) {
  return unit === 'x' ? `${value.toFixed(2)} x` : `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}
