/** FI-7: between a user and a team's server something drops all connections, again and again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, errorOf, makeProgram, type Outcome, type Program } from '../cli/program.ts';
import { moment, until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';

const NAME = 'dropped connections';
const ROUNDS = scaled(1, 12);
/** So long all bytes are under way, that a request may be met by a drop at each of its moments. */
const UNDER_WAY_MS = 40;

interface Network {
  address: string;
  drops(): number;
  close(): Promise<void>;
}

/**
 * Passes bytes on to a port of this machine, and drops all its connections at moments of chance. It waits for bytes of an
 * answer before it drops the next ones: on a machine where each answer is slow, nothing at all would come through.
 */
async function startDropping(port: number, chance: Chance): Promise<Network> {
  const pairs = new Map<Socket, Socket>();
  let answered = 0;
  let drops = 0;
  let isClosed = false;
  const later = (act: () => void) => setTimeout(act, UNDER_WAY_MS);
  const pass = (from: Socket, to: Socket, seen: () => void) => {
    from.on('data', (bytes) => later(() => !to.destroyed && (seen(), to.write(bytes))));
    from.on('end', () => later(() => to.end()));
    from.on('error', () => undefined).on('close', () => later(() => to.destroy()));
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    pairs.set(near, far);
    near.on('close', () => pairs.delete(near));
    pass(near, far, () => undefined);
    pass(far, near, () => answered++);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dropAll = () => {
    const isReset = chance.below(2) < 1;
    for (const each of [...pairs].flat()) {
      if (isReset) each.resetAndDestroy();
      else each.destroy();
    }
    drops++;
  };
  const dropping = (async () => {
    while (!isClosed) {
      await moment(chance.between(20, 500));
      await until(async () => isClosed || pairs.size > 0);
      await moment(chance.between(0, 4 * UNDER_WAY_MS));
      if (pairs.size === 0) continue;
      dropAll();
      const since = answered;
      await until(async () => isClosed || answered > since);
    }
  })();
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    drops: () => drops,
    async close() {
      isClosed = true;
      await dropping;
      for (const each of [...pairs].flat()) each.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Team {
  user: Program;
  port: number;
  key: string;
}

async function inTeam(act: (team: Team) => Promise<void>): Promise<void> {
  const machine = makeProgram('dropped-team');
  const user = makeProgram('dropped-user');
  const server = spawn(process.execPath, [BIN, 'server', 'start', '--local', '--port', '0'], { env: machine.env });
  try {
    const [line] = await once(server.stdout, 'data');
    const { address, key_file: file } = JSON.parse(String(line));
    await act({ user, port: Number(new URL(address).port), key: readFileSync(file, 'utf8').trim() });
  } finally {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
    machine.close();
    user.close();
  }
} // prettier-ignore

const textsOf = ({ stdout }: Outcome) => stdout.trim().split('\n').map((line) => JSON.parse(line).text); // prettier-ignore

test.each(seedsOf(NAME))(
  'every command goes on, and gives what it gives without them (seed %i)',
  { timeout: PATIENCE_MS },
  (seed) =>
    inTeam(async ({ user, port, key }) => {
      const chance = chanceOf(seed, NAME);
      const straight = { AICHOR_SERVER: `http://127.0.0.1:${port}`, AICHOR_API_KEY: key };
      const script = [
        'i=0; while [ $i -lt 300 ]; do echo "line $i"; i=$((i+1)); done',
        'for i in 1 2 3 4 5 6; do head -c 200000 /dev/urandom > "$AICHOR_OUTPUT_PATH/$i.bin"; done',
      ];
      writeFileSync(join(user.repo, 'main.sh'), `${script.join('\n')}\n`);
      const whole = await user.aichor(['experiments', 'submit', 'local', '--wait', '--json'], { more: straight });
      expect(whole.code, whole.stderr).toBe(0);
      const { experiment_id: id } = JSON.parse(whole.stdout);
      const network = await startDropping(port, chance);
      const dropped = { ...straight, AICHOR_SERVER: network.address };
      try {
        for (let round = 0; round < ROUNDS; round++) {
          await reading(user, id, { straight, dropped });
          await running(user, { straight, dropped });
          await cancelling(user, { straight, dropped });
        }
        expect(network.drops()).toBeGreaterThan(0);
      } finally {
        await network.close();
      }
    }),
); // prettier-ignore

interface Ways {
  straight: Record<string, string>;
  dropped: Record<string, string>;
}

async function reading(user: Program, id: string, { straight, dropped }: Ways): Promise<void> {
  const commands = [
    ['experiments', 'list', '--json'],
    ['experiments', 'get', id, '--json'],
    ['experiments', 'logs', id],
    ['experiments', 'logs', id, '--follow'],
    ['experiments', 'wait', id],
    ['storage', 'list', '--experiment', id, '--json'],
    ['events'],
  ];
  for (const args of commands) {
    const undisturbed = await user.aichor(args, { more: straight });
    expect(undisturbed.code, undisturbed.stderr).toBe(0);
    const { code, stdout, stderr } = await user.aichor(args, { more: dropped });
    expect({ args, code, stdout }, stderr).toEqual({ args, code: 0, stdout: undisturbed.stdout });
  }
  const folders = [straight, dropped].map((more) => ({ more, to: mkdtempSync(join(user.home, 'to-')) }));
  const contents = [];
  for (const { more, to } of folders) {
    const { code, stderr } = await user.aichor(['storage', 'download', '--experiment', id, '--to', to], { more });
    expect(code, stderr).toBe(0);
    contents.push([1, 2, 3, 4, 5, 6].map((name) => readFileSync(join(to, `${name}.bin`))));
  }
  expect(contents[1]).toEqual(contents[0]);
} // prettier-ignore

async function running(user: Program, { straight, dropped }: Ways): Promise<void> {
  const folder = mkdtempSync(join(user.home, 'gate-'));
  const gate = join(folder, 'gate');
  mkdirSync(join(user.repo, 'more'), { recursive: true });
  writeFileSync(join(user.repo, 'more', 'data.bin'), `${folder} `.repeat(20_000));
  const script = `i=0; while [ $i -lt 40 ]; do echo "line $i"; i=$((i+1)); sleep 0.05; done; until [ -e '${gate}' ]; do sleep 0.1; done`;
  writeFileSync(join(user.repo, 'main.sh'), `${script}\n`);
  const before = await idsOf(user, straight);
  const submitted = await user.aichor(['experiments', 'submit', 'local', '--quiet'], { more: dropped });
  expect(submitted.code, submitted.stderr).toBe(0);
  const id = submitted.stdout.trim();
  expect(await idsOf(user, straight)).toEqual([id, ...before]);
  const followed = user.aichor(['experiments', 'logs', id, '--follow', '--pod', 'worker-0-0'], { more: dropped });
  const waited = user.aichor(['experiments', 'wait', id], { more: dropped });
  await until(async () => (await user.aichor(['experiments', 'logs', id], { more: straight })).stdout.includes('line 39'));
  writeFileSync(gate, '');
  const [lines, end] = await Promise.all([followed, waited]);
  expect(lines.code, lines.stderr).toBe(0);
  expect(textsOf(lines)).toEqual(Array.from({ length: 40 }, (_, line) => `line ${line}`));
  expect(end.code, end.stderr).toBe(0);
  expect(JSON.parse(end.stdout)).toMatchObject({ experiments: [{ experiment_id: id, status: 'Succeeded' }] });
} // prettier-ignore

/**
 * A cancel is not sent twice: it may be of all there is. Where its answer was lost it says that nobody knows (exit 7), and
 * the same command again tells.
 */
async function cancelling(user: Program, { straight, dropped }: Ways): Promise<void> {
  writeFileSync(join(user.repo, 'main.sh'), 'sleep 1000\n');
  const submitted = await user.aichor(['experiments', 'submit', 'local', '--quiet'], { more: straight });
  expect(submitted.code, submitted.stderr).toBe(0);
  const id = submitted.stdout.trim();
  const cancel = () => user.aichor(['experiments', 'cancel', id, '--wait'], { more: dropped });
  let outcome = await cancel();
  let unknown = 0;
  for (; outcome.code === 7; outcome = await cancel()) {
    unknown++;
    expect(errorOf(outcome)).toMatchObject({ code: 'server_unreachable' });
  }
  // Ended by one whose answer was lost: there is nothing left to cancel.
  expect(unknown > 0 ? [0, 6] : [0], outcome.stderr).toContain(outcome.code);
  const { stdout } = await user.aichor(['experiments', 'get', id, '--json'], { more: straight });
  const { status, events } = JSON.parse(stdout);
  expect(status).toBe('Cancelled');
  expect(events.filter(({ type }: { type: string }) => type === 'cancel_requested')).toHaveLength(1);
}

async function idsOf(user: Program, more: Record<string, string>): Promise<string[]> {
  const { code, stdout, stderr } = await user.aichor(['experiments', 'list', '--json'], { more });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).experiments.map((one: { experiment_id: string }) => one.experiment_id);
}
