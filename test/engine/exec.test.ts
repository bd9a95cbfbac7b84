/** Commands in pods that run: real processes, with pipes and in terminals, where pods have processes of their own and where not. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../src/base/io/run.ts';
import type { ExecRequest, ExecSession } from '../../src/engines/engine.ts';
import { createHouse, isPod, jobset, type House, type Running, type Submitted } from './house.ts';

const POD = 'worker-0-0';
const HOLD = 'export OWN=1; trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** However slow the machine is. */
const PATIENCE = { timeout: 60_000, interval: 20 };

let house: House;
let experiment: Submitted;
let running: Running;

async function open(contained: boolean, command = HOLD, count = 1): Promise<void> {
  house = await createHouse({ contained });
  experiment = await house.submit({ ...jobset(command, { worker: { count } }), env: { MINE: 'yes' } });
  running = experiment.run();
  for (let pod = 0; pod < count; pod++) await running.seen(isPod(`worker-${pod}-0`, 'Running'));
  await expect.poll(async () => (await experiment.lines()).length, PATIENCE).toBeGreaterThanOrEqual(count);
}

afterEach(async () => {
  experiment.stop.abort();
  await running.done;
  await house.leave();
});

function exec(command: readonly string[], more: Partial<ExecRequest> = {}): Promise<ExecSession> {
  const { engine } = house;
  if (engine.exec === undefined) throw new Error('the engine cannot');
  return engine.exec(experiment.id, { pod: POD, command, stdin: false, terminal: null, ...more });
}

async function read(stream: NodeJS.ReadableStream | null): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function outcome(session: ExecSession, input?: Uint8Array) {
  if (input !== undefined) session.stdin?.write(Buffer.from(input));
  session.stdin?.end();
  const [stdout, stderr, code] = await Promise.all([
    read(session.stdout),
    read(session.stderr),
    session.ended,
  ]);
  return { code, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') };
}

const sh = (script: string) => ['sh', '-c', script];

/** So long as nothing else on this machine sleeps: all its processes are looked at. */
const SLEEPS = [`sleep 300.${process.pid}`, `sleep 301.${process.pid}`];

async function argumentsSeen(): Promise<string> {
  return (await run('ps', ['-A', '-o', 'args='], { env: process.env })).stdout;
}

describe.each([true, false])('in pipes, processes of its own: %s', (contained) => {
  beforeEach(() => open(contained));

  test('it is where the pod is, and keeps its streams apart', async () => {
    const seen = await outcome(await exec(sh('echo $MINE $HOSTNAME $OWN; ls; echo no >&2; exit 3')));
    expect(seen).toEqual({ code: 3, stdout: `yes ${POD}\nmain.py\n`, stderr: 'no\n' });
    const devices = await outcome(await exec(sh('echo out >/dev/stdout; echo err >/dev/stderr')));
    expect(devices).toEqual({ code: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  test('bytes pass as they are, and the end of what it is fed is told', async () => {
    const bytes = Buffer.alloc(1_000_000, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
    const session = await exec(['cat'], { stdin: true });
    const { stdout, code } = await outcome(session, bytes);
    expect(code).toBe(0);
    expect(Buffer.from(stdout, 'latin1').equals(bytes)).toBe(true);
  });

  test('signals are 128 and their number, and what is not there 127', async () => {
    expect((await outcome(await exec(sh('kill -KILL $$')))).code).toBe(137);
    expect((await outcome(await exec(sh('kill -INT $$')))).code).toBe(130);
    const absent = await outcome(await exec(['no-such-program']));
    expect(absent.code).toBe(127);
    expect(absent.stderr).toContain('no-such-program');
    expect((await outcome(await exec(['/etc']))).code).toBe(126);
  });

  test('what goes on in the background is not waited for', async () => {
    const { code, stdout } = await outcome(await exec(sh('sleep 300 & echo here')));
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'here\n' });
  });

  test('when nobody is there any more, nothing of it is left', async () => {
    const name = `left-${process.pid}-${contained}`;
    const session = await exec(
      sh(`trap 'echo hung up >../${name}; exit' HUP; (exec -a x sleep 0) 2>/dev/null
      setsid sh -c 'while :; do sleep 1; done; : ${name}' & echo here; while :; do sleep 0.1; done; : ${name}`),
    );
    for await (const chunk of session.stdout) if (String(chunk).includes('here')) break;
    expect(await argumentsSeen()).toContain(name);
    session.end();
    await session.ended;
    await expect.poll(argumentsSeen, PATIENCE).not.toContain(name);
  });

  test('it may tidy up for some seconds before that', async () => {
    const session = await exec(
      sh("trap 'sleep 2; echo tidy >../tidied; exit' HUP; echo here; while :; do sleep 0.1; done"),
    );
    for await (const chunk of session.stdout) if (String(chunk).includes('here')) break;
    session.end();
    await session.ended;
    const { stdout } = await outcome(await exec(sh('cat ../tidied; rm ../tidied')));
    expect(stdout).toBe('tidy\n');
  });

  test('what waits for more to read is told that nothing comes', async () => {
    const script = "trap '' HUP; echo here; cat; echo none >../read";
    const session = await exec(sh(script), { stdin: true });
    for await (const chunk of session.stdout) if (String(chunk).includes('here')) break;
    session.end();
    await session.ended;
    const { stdout } = await outcome(await exec(sh('cat ../read; rm ../read')));
    expect(stdout).toBe('none\n');
  });

  test('it ends with the pod', async () => {
    const session = await exec(sh('trap "" TERM HUP; echo here; while :; do sleep 0.1; done'));
    for await (const chunk of session.stdout) if (String(chunk).includes('here')) break;
    experiment.stop.abort();
    expect(await session.ended).toBe(137);
    await running.done;
  });
});

describe.each([true, false])('in a terminal, processes of its own: %s', (contained) => {
  const terminal = { columns: 91, rows: 27, term: 'xterm-256color' };
  beforeEach(() => open(contained));

  /** Output so far, in one place. */
  function listen(session: ExecSession): () => string {
    let text = '';
    session.stdout.on('data', (chunk) => (text += String(chunk)));
    return () => text;
  }

  test('it has the size that it is given, and hears when that changes', async () => {
    const script =
      'tty >/dev/null && stty size; echo $TERM; trap "stty size; exit 7" WINCH; while :; do sleep 0.05; done';
    const session = await exec(sh(script), { stdin: true, terminal });
    const text = listen(session);
    await expect.poll(text, PATIENCE).toBe('27 91\r\nxterm-256color\r\n');
    session.resize({ columns: 133, rows: 44 });
    expect(await session.ended).toBe(7);
    await expect.poll(text, PATIENCE).toContain('44 133');
  });

  test('Ctrl-C interrupts what runs in its foreground, and the shell goes on with its jobs', async () => {
    const session = await exec(['bash', '--norc', '--noprofile', '-i'], { stdin: true, terminal });
    const text = listen(session);
    session.stdin?.write(`${SLEEPS[0]}\n`);
    await expect.poll(text, PATIENCE).toContain(SLEEPS[0]);
    await expect.poll(argumentsSeen, PATIENCE).toContain(SLEEPS[0]);
    session.stdin?.write('\x03');
    session.stdin?.write('echo code=$?; sleep 30 & jobs; exit 5\n');
    expect(await session.ended).toBe(5);
    await expect.poll(text, PATIENCE).toContain('code=130');
    expect(text()).toContain('[1]+');
    expect(text()).not.toContain('no job control');
  });

  test('the end of what is typed ends a shell', async () => {
    const { code } = await outcome(await exec(['cat'], { stdin: true, terminal }));
    expect(code).toBe(0);
  });

  test('when nobody is there any more, nothing of it is left', async () => {
    const session = await exec(['bash', '--norc', '--noprofile', '-i'], { stdin: true, terminal });
    const text = listen(session);
    session.stdin?.write(
      `${SLEEPS[0]} & trap "" HUP; ${SLEEPS[1]} & echo pids $(jobs -p | tr "\\n" " ") ok\n`,
    );
    await expect.poll(text, PATIENCE).toMatch(/pids \d+ \d+ ok/);
    expect(await argumentsSeen()).toContain(SLEEPS[1]);
    session.end();
    await session.ended;
    const left = async () => (await argumentsSeen()).split('\n').filter((line) => SLEEPS.includes(line));
    await expect.poll(left, PATIENCE).toEqual([]);
  });
});

test('a pod that does not run is refused, and many at once are apart', async () => {
  await open(true, HOLD, 2);
  await expect(exec(['true'], { pod: 'worker-7-0' })).rejects.toMatchObject({ code: 'conflict' });
  const sessions = await Promise.all(
    Array.from({ length: 20 }, (_, n) => exec(sh(`echo ${n}; exit ${n}`), { pod: `worker-${n % 2}-0` })),
  );
  const all = await Promise.all(sessions.map((session) => outcome(session)));
  expect(all.map(({ code, stdout }) => [code, stdout])).toEqual(all.map((_, n) => [n, `${n}\n`]));
});
