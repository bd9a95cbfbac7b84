/** A server of its own with experiments of several kinds, and a team's server beside it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} World
 * @property {string} entrance address that lets a browser in, once
 * @property {string} origin of the console
 * @property {string} team address of the team's server
 * @property {string} teamKey lets in there as its admin
 * @property {string} project the name of one there
 * @property {Record<'training' | 'other' | 'failed' | 'running' | 'wide', string>} ids
 * @property {() => Promise<void>} close ends and removes all of it
 */

const BIN = fileURLToPath(new URL('../../bin/aichor.js', import.meta.url));

const TRAIN = String.raw`import json, math, os, pathlib, sys, time
rate, hidden = float(os.environ.get("LR", "0.01")), float(os.environ.get("HIDDEN", "16"))
steps = int(os.environ.get("STEPS", "60"))
seed = int(os.environ.get("AICHOR_SWEEP_REPEAT", "1"))
print("\033[1mtraining\033[0m with \033[36mrate", rate, "\033[0m", flush=True)
for step in range(steps):
    loss = 2.3 / (1 + step * rate * 10) + 0.1 / hidden + 0.02 * math.sin(step * seed)
    print(json.dumps({"metric": {"loss": loss, "val_acc": 1 - loss / 3, "step": step, "total_steps": steps}}), flush=True)
    if step % 10 == 0:
        print("step", step, "\033[32mloss %.4f\033[0m" % loss, flush=True)
    time.sleep(float(os.environ.get("SLEEP", "0")))
print("warning: the rate is high" if rate > 1 else "good", file=sys.stderr)
out = pathlib.Path(os.environ["AICHOR_OUTPUT_PATH"])
(out / "checkpoints").mkdir(exist_ok=True)
(out / "checkpoints" / "last.json").write_text(json.dumps({"loss": loss}))
(out / "model.bin").write_bytes(bytes(200_000))
sys.exit(int(os.environ.get("CODE", "0")))
`;

/** A second `resources` key too many is not valid; a type that is not used makes a warning. */
const manifest = (command, count = 1) => `kind: AIchorManifest
apiVersion: 0.2.3
builder: {image: demo, dockerfile: Dockerfile, context: .}
spec:
  operator: jobset
  image: demo
  command: ${command}
  types:
    worker:
      count: ${count}
      resources: {cpus: 1, memory: 1}
`;

/**
 * @param {(line: string) => void} tell @param {AbortSignal} over ends what is under way; then all of it is removed, and it rejects
 * @returns {Promise<World>}
 */
export async function makeWorld(tell, over) {
  const home = mkdtempSync(join(tmpdir(), 'aichor-screenshots-'));
  const [repo, wide] = [join(home, 'digits'), join(home, 'many')];
  const env = { PATH: process.env.PATH, HOME: home, AICHOR_HOME: join(home, 'state') };
  for (const [folder, command, count] of [
    [repo, 'python train.py', 1],
    [wide, "sh -c 'echo hello from $HOSTNAME; sleep 1'", 120],
  ]) {
    mkdirSync(folder);
    writeFileSync(join(folder, 'manifest.yaml'), manifest(command, count));
    writeFileSync(join(folder, 'train.py'), TRAIN);
  }
  const whole = async (cwd, ...words) => {
    tell(`aichor ${words.join(' ')}`);
    return commandOf(words, { env, cwd });
  };
  const run = async (cwd, ...words) => {
    over.throwIfAborted();
    tell(`aichor ${words.join(' ')}`);
    return commandOf(words, { env, cwd, over });
  };
  const submitted = async (cwd, ...flags) =>
    (await run(cwd, 'experiments', 'submit', 'local', ...flags)).experiment_id;
  let team = null;
  const close = async () => {
    await whole(repo, 'experiments', 'cancel', '--all', '--yes', '--wait').catch(() => undefined);
    await whole(repo, 'server', 'stop').catch(() => undefined);
    await team?.end();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    team = await startTeam(join(home, 'team'), env);
    // It starts the server, which is stopped only once it is there.
    await whole(repo, 'console', '--print');
    const ids = await experiments({ submitted, repo, wide });
    await makeSweep((...words) => run(repo, ...words));
    const { url } = await run(repo, 'console', '--print');
    return {
      entrance: url,
      origin: new URL(url).origin,
      team: team.url,
      teamKey: team.key,
      project: team.project,
      ids,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * What a command prints, as JSON. A Ctrl-C of the terminal does not reach it: `over` interrupts it, and it is waited for.
 *
 * @param {{env: NodeJS.ProcessEnv, cwd: string, over?: AbortSignal}} options
 */
async function commandOf(words, { over, ...options }) {
  const stdio = ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, [BIN, ...words], { ...options, stdio, detached: true });
  const ended = once(child, 'close');
  const interrupt = () => child.kill('SIGINT');
  over?.addEventListener('abort', interrupt);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await ended;
  over?.removeEventListener('abort', interrupt);
  // 8: an experiment failed, as it is meant to.
  if (code !== 0 && code !== 8) throw new Error(`aichor ${words.join(' ')} ended with ${code}: ${stderr}`);
  return stdout === '' ? null : JSON.parse(stdout);
}

const LONG =
  'Still running, with a message that is longer than most windows are wide, so that it has to be broken somewhere';

async function experiments({ submitted, repo, wide }) {
  const submit = (folder, message, ...flags) => submitted(folder, '--message', message, ...flags);
  const env = (...pairs) => pairs.flatMap((pair) => ['--env', pair]);
  const vision = ['--label', 'team=vision', '--wait'];
  const failing = 'Ends with a failure\n\nSecond line of the message.';
  return {
    training: await submit(repo, 'Baseline with the usual rate', ...env('LR=0.1'), ...vision),
    other: await submit(repo, 'A smaller rate', ...env('LR=0.01'), ...vision),
    failed: await submit(repo, failing, ...env('CODE=3', 'STEPS=1'), '--wait'),
    wide: await submit(wide, 'One hundred and twenty pods', '--wait'),
    running: await submit(repo, LONG, ...env('SLEEP=0.5', 'STEPS=100000')),
  };
}

/** One of its experiments is missing. */
async function makeSweep(run) {
  const grid = ['--grid', 'LR=1,0.1,0.01,0.001', '--grid', 'HIDDEN=8,16,32', '--env', 'SEED=1'];
  await run('experiments', 'sweep', ...grid, '--repeat', '2', '--name', 'rates', '--wait');
  const listed = await run('experiments', 'list', '--sweep', 'rates', '--limit', '1');
  await run('experiments', 'delete', listed.experiments[0].experiment_id, '--yes');
}

async function startTeam(home, env) {
  const child = spawn(process.execPath, [BIN, 'server', 'start', '--port', '0', '--local'], {
    env: { ...env, AICHOR_HOME: home },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(child, 'exit');
  const said = await Promise.race([once(child.stdout, 'data'), ended.then(() => null)]);
  if (said === null) throw new Error('the server of the team did not start');
  const { address } = JSON.parse(String(said[0]));
  const key = readFileSync(join(home, 'server-key'), 'utf8').trim();
  const project = 'digits';
  const made = { name: project, engines: ['local'], repository: 'https://127.0.0.1/digits.git' };
  const end = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  try {
    await post(`${address}/v1/projects`, key, { ...made, allow_inner_addresses: true });
    await post(`${address}/v1/keys`, key, { name: 'anna', role: 'member', projects: [project] });
  } catch (error) {
    await end();
    throw error;
  }
  return { url: address.replace('127.0.0.1', 'aichor.localhost'), key, project, end };
}

async function post(url, key, body) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
}
