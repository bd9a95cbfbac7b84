/**
 * `npm run quickstart`: installs what is missing, builds, and submits a shipped example of four pods to the embedded
 * engine. Its state is a folder of this clone; nothing is left running.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installIfNeeded } from './install-if-needed.js';
import { run } from './run.js';

const EXAMPLE = 'examples/parameter-server';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (spawnSync('python3', ['--version'], { stdio: 'ignore' }).status !== 0) {
  process.stderr.write(
    'the quickstart runs a Python program: put python3 (3.8 or newer) on PATH and try again\n',
  );
  process.exit(2);
}
await installIfNeeded(root);
const { buildOrExit } = await import('./build.js');
await buildOrExit(root);

const env = ownEnvironment(join(root, '.aichor-quickstart'));
const submit = [
  'experiments',
  'submit',
  'local',
  '--repo-dir',
  EXAMPLE,
  '--message',
  'quickstart',
  '--follow',
];
process.stderr.write(`\n$ aichor ${submit.map(quoted).join(' ')}\n`);
const code = await aichor(submit);
const stopped = await aichor(['server', 'stop'], ['ignore', 'ignore', 'inherit']);
process.exitCode = code || stopped;

function aichor(args, stdio) {
  return run(process.execPath, [join(root, 'bin', 'aichor.js'), ...args], { cwd: root, env, stdio });
}

/** This shell's environment without the settings of an aichor that may be in use already. */
function ownEnvironment(home) {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('AICHOR_'));
  return { ...Object.fromEntries(kept), AICHOR_HOME: home };
}

function quoted(word) {
  return /^[\w./-]+$/.test(word) ? word : JSON.stringify(word);
}
