/**
 * Runs commands that stand for the usual ones, then writes what V8 has compiled by then as code caches, one beside each
 * chunk that was loaded. Their names go to descriptor 3 as a JSON list.
 *
 *   node scripts/build/train.js ROOT 3>names
 */
import { writeSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const [root] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { version } = require('../../package.json');
const { createLoader } = require('../../bin/bundles.js');
const { load, scripts } = createLoader();
const program = load(join(root, 'dist', 'cli.cjs'));

/** Answers every request with an empty list, so that the way through client and printing is taken. */
const server = createServer((_request, response) =>
  response.end('{"experiments":[],"engines":[],"notices":[],"next_cursor":null}'),
);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const home = await mkdtemp(join(tmpdir(), 'aichor-build-'));
const repository = join(root, 'examples', 'parameter-server');
process.env.AICHOR_HOME = home;
process.env.AICHOR_SERVER = `http://127.0.0.1:${server.address().port}`;
try {
  for (const line of ['--help', 'experiments --help', 'experiments list', 'engines list'])
    await run(line.split(' '));
  await run(['manifest', 'validate', repository]);
  for (const path of scripts.keys()) await writeCache(path);
  writeSync(3, JSON.stringify([...scripts.keys()].map((path) => `${basename(path)}.cache`)));
} finally {
  await rm(home, { recursive: true, force: true });
  server.close();
}

async function run(argv) {
  process.argv = [process.execPath, join(root, 'bin', 'aichor.js'), ...argv];
  await program.main({ root, version });
  if (process.exitCode) throw new Error(`aichor ${argv.join(' ')} ended with ${process.exitCode}`);
}

async function writeCache(path) {
  const { script, key } = scripts.get(path);
  const beside = `${path}.${process.pid}.tmp`;
  const data = script.createCachedData();
  await writeFile(beside, Buffer.concat([Buffer.from(`${key} ${data.length}\n`, 'latin1'), data]));
  await rename(beside, `${path}.cache`);
}
