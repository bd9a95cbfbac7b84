/**
 * `npm test`: installs what is missing, builds, runs the suite. Arguments go to vitest:
 *
 *   npm test -- test/unit/scaffold
 *   npm run test:faults, npm run test:fuzz      with --long: many more moments and inputs, and patience for them
 *   npm run test:frameworks                     with --frameworks: real packages, one test at a time
 *   npm run test:buildkit                       with --buildkit: the table of Dockerfiles against BuildKit itself
 *   npm run test:cluster                        with --cluster: on a real Kubernetes cluster, which it makes
 *   npm run test:builds                         with --builds: images really built, pushed and run there
 *   npm run test:forge                          with --forge: on a real Gitea, which it builds once
 *
 * It fails, with a code of its own, when a process or a folder of its own is left at its end.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installIfNeeded } from './install-if-needed.js';
import { beginRun, LEFT_SOMETHING } from './left-over.js';
import { tool } from './run.js';

/** What `--long` sets; tests read these and have small numbers of their own. */
const LONG = { AICHOR_LONG: '1', AICHOR_FUZZ_COUNT: '100000' };
/**
 * Ray alone keeps all processors busy. A limit only bounds hangs: three nodes of Ray took 204 seconds where ten others
 * wanted the same two processors.
 */
const FRAMEWORKS = ['--no-file-parallelism', '--testTimeout=900000', '--hookTimeout=900000'];
const CLUSTER = ['--config', 'test/cluster/vitest.config.ts'];
const BUILDS = ['--config', 'test/cluster/builds/vitest.config.ts'];
const FORGE = ['--config', 'test/forge/vitest.config.ts'];
const BUILDKIT = ['test/dockerfiles/buildkit.test.ts'];
const PATIENCE = ['--testTimeout=3600000', '--hookTimeout=600000'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
await installIfNeeded(root);
const { buildOrExit } = await import('./build.js');
await buildOrExit(root);

const KINDS = {
  '--long': { args: PATIENCE, env: LONG },
  '--frameworks': { args: FRAMEWORKS, env: { AICHOR_TEST_FRAMEWORKS: '1' } },
  '--buildkit': { args: BUILDKIT, env: { AICHOR_TEST_BUILDKIT: '1' } },
  '--cluster': { args: CLUSTER, env: {} },
  '--builds': { args: BUILDS, env: {} },
  '--forge': { args: FORGE, env: {} },
};
const asked = process.argv.slice(2);
const kinds = asked.map((arg) => KINDS[arg]).filter((kind) => kind !== undefined);
const given = asked.filter((arg) => KINDS[arg] === undefined);
// Files that are named are all that is meant; words behind a flag of vitest's are none.
const isFile = (arg, at) => !arg.startsWith('-') && !['-t', '--testNamePattern'].includes(given[at - 1]);
const args = asked.includes('--frameworks') && !given.some(isFile) ? ['test/frameworks', ...given] : given;
const run = beginRun();
const code = await tool(
  root,
  'vitest/vitest.mjs',
  ['run', ...args, ...kinds.flatMap((kind) => kind.args)],
  Object.assign({}, ...kinds.map((kind) => kind.env), process.env, run.env),
);
const left = await run.end();
for (const line of left) process.stderr.write(`left by the tests: ${line}\n`);
process.exitCode = code === 0 && left.length > 0 ? LEFT_SOMETHING : code;
