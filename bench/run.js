/**
 * `npm run bench [NAME…]`: the figures this project promises, each beside its floor, measured in turn in one run.
 *
 *   npm run bench                         all of them
 *   npm run bench start-up many-pods      some
 *
 * Exits with 1 when a figure misses its limit. `bench/packaging` and `bench/logs` look inside; they print for themselves.
 */
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { installIfNeeded } from '../scripts/install-if-needed.js';
import { root } from './lab.js';

await installIfNeeded(root);
const { buildOrExit } = await import('../scripts/build.js');
await buildOrExit(root);
const known = readdirSync(join(root, 'bench', 'figures'))
  .map((file) => file.replace(/\.js$/, ''))
  .sort();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no figure called ${unknown.join(', ')}; there are: ${known.join(', ')}\n`);
  process.exit(2);
}

process.stdout.write(`Node ${process.version}, ${cpus().length} CPUs\n\n`);
process.stdout.write('| figure | measured | limit | floor | |\n|---|---|---|---|---|\n');
let missed = 0;
for (const name of asked.length > 0 ? asked : known) {
  const { measure } = await import(`./figures/${name}.js`);
  for (const { what, value, unit, limit, floor, ok } of await measure()) {
    process.stdout.write(
      `| ${what} | ${amount(value, unit)} | ${amount(limit, unit)} | ${floor} | ${ok ? 'ok' : 'MISSED'} |\n`,
    );
    if (!ok) missed += 1;
  }
}
process.exitCode = missed === 0 ? 0 : 1;

function amount(value, unit) {
  return unit === 'x' ? `${value.toFixed(2)} x` : `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}
