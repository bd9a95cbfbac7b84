import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { writeEventFile } from '../event-file.js';
import { median, openLab, row } from '../lab.js';
import { writeRepository } from '../repository.js';

const PODS = 16;
const A_SECOND = 100;
const TAGS = 10;
/** Turns of writing elsewhere and where it is followed, and how long each is. */
const TURNS = 6;
const TURN_S = 15;
/** More than what a pod writes while it is looked at. */
const SCALARS = 40_000;
/** The clock of processor time in /proc: ticks a second, on every Linux. */
const TICKS = 100;
/**
 * What is in a file is written again, a record a `write(2)` as torch does it: in every other turn of the clock below the folder of
 * TensorBoard, else below that of outputs.
 */
const PROGRAM = `import os, sys, time
records, at = [], 0
data = open(sys.argv[1], "rb").read()
while at < len(data):
    end = at + int.from_bytes(data[at:at + 8], "little") + 16
    records.append(data[at:end])
    at = end
files = []
for place in ["AICHOR_OUTPUT_PATH", "AICHOR_TENSORBOARD_PATH"]:
    folder = os.path.join(os.environ[place], os.environ["HOSTNAME"])
    os.makedirs(folder)
    files.append(open(folder + "/events.out.tfevents.1.pod", "wb", buffering=0))
started = time.monotonic()
for index, record in enumerate(records):
    while time.monotonic() < started + index / ${A_SECOND}: time.sleep(0.01)
    files[int(time.time() / ${TURN_S}) % 2].write(record)
`;

/** What following metrics costs the control plane: its processor time while pods write where it looks, less that while they write elsewhere. */
export async function measure() {
  const lab = openLab();
  try {
    mkdirSync(lab.env.AICHOR_HOME, { recursive: true, mode: 0o700 });
    const settings = JSON.stringify({ cpus: PODS });
    writeFileSync(join(lab.env.AICHOR_HOME, 'settings.json'), settings, { mode: 0o600 });
    const file = join(lab.folder, 'events');
    writeEventFile(file, { scalars: SCALARS, tags: TAGS });
    const folder = writeRepository(join(lab.folder, 'writers'), {
      command: `exec python3 write.py ${file}`,
      pods: PODS,
      files: { 'write.py': PROGRAM },
      tensorboard: true,
    });
    const submit = ['experiments', 'submit', 'local', '--repo-dir', folder];
    const { experiment_id: id } = await lab.json(submit);
    const { pid } = await lab.json(['server', 'status']);
    while ((await lab.json(['experiments', 'get', id])).status !== 'Running') await sleep(500);
    const [elsewhere, followed] = await sharesByTurn(pid);
    const { metrics, status } = await lab.json(['experiments', 'get', id]);
    if (status !== 'Running') throw new Error(`the pods ended as ${status}`);
    const count = Object.keys(metrics).length;
    if (count !== PODS * TAGS) throw new Error(`${count} metrics were read`);
    await lab.aichor(['experiments', 'cancel', id, '--wait'], { codes: [0, 9] });
    return [
      row(`metrics of ${PODS} pods, ${A_SECOND} scalars a second each`, {
        value: median(followed.map((share, turn) => share - elsewhere[turn])),
        unit: '% of a processor',
        limit: 0.5,
        floor: `the same pods, writing elsewhere in turn: ${median(elsewhere).toFixed(2)} %`,
      }),
    ];
  } finally {
    await lab.close();
  }
}

/** Shares of a processor that a process takes in each turn, in percent: of those elsewhere, and of those that are followed. */
async function sharesByTurn(pid) {
  const turnMs = 1000 * TURN_S;
  const nextTurn = () => sleep(turnMs - (Date.now() % turnMs));
  // What is compiled while it is used for the first time is no part of it.
  do await nextTurn();
  while (Math.floor(Date.now() / turnMs) % 2 !== 0);
  const shares = [[], []];
  for (let turn = 0; turn < 2 * TURNS; turn++) {
    const [before, started] = [processorTime(pid), performance.now()];
    await nextTurn();
    const seconds = (performance.now() - started) / 1000;
    if (turn >= 2) shares[turn % 2].push((100 * (processorTime(pid) - before)) / seconds);
  }
  return shares;
}

/** Seconds, of all threads. */
function processorTime(pid) {
  const words = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(words[11]) + Number(words[12])) / TICKS;
}
