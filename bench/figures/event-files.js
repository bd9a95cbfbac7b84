import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ended, interleaved, root, row } from '../lab.js';
import { venvWith } from '../peers/venv.js';
import { simpleValue, tensorValue, writeEventFile } from '../event-file.js';

const SCALARS = 1_000_000;

const TAGS = 10;
const TENSORBOARD = 'tensorboard==2.21.0';

/** What its own reader needs a minute for, on a machine that does nothing else. */
const PATIENCE_MS = 1_800_000;

/** Processor time that reading event files takes: ours, a bare walk over the records with checksums, TensorBoard's own reader. */
export async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-event-files-'));
  try {
    const reader = await bundled(join(folder, 'reader.cjs'));
    const scalars = await measureForm(reader, join(folder, 'scalars'), { count: SCALARS, form: simpleValue });
    const tensors = await measureForm(reader, join(folder, 'tensors'), { count: SCALARS, form: tensorValue });
    return [
      row(`${scalars.what}, beside a bare walk`, {
        value: scalars.ours / scalars.floor,
        unit: 'x',
        limit: 1.7,
        floor: `walk with checksums: ${scalars.floor.toFixed(0)} ms of a processor; ours: ${scalars.ours.toFixed(0)} ms`,
      }),
      besidePeer(`${scalars.what}, as Scalars()`, scalars),
      besidePeer(`${tensors.what}, as Tensors()`, tensors),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Times in milliseconds of a processor. Throws when TensorBoard reads other values. */
async function measureForm(reader, folder, { count, form }) {
  mkdirSync(folder);
  const file = join(folder, 'events.out.tfevents.1.bench');
  const bytes = writeEventFile(file, { scalars: count, tags: TAGS, form });
  const times = await interleaved(5, {
    floor: () => processorTime(join(root, 'bench', 'event-file-walk.js'), file),
    ours: () => processorTime(reader, file),
    thinned: () => processorTime(reader, file, 'thinned'),
  });
  const script = join(root, 'bench', 'event-file-peer.py');
  const { stdout: said } = await ended(
    join(await venvWith('tensorboard', TENSORBOARD), 'python'),
    [script, folder],
    { limitMs: PATIENCE_MS },
  );
  const peer = JSON.parse(said);
  const { stdout: digest } = await ended(process.execPath, [reader, file, 'digest']);
  if (digest.trim() !== peer.digest) throw new Error(`TensorBoard reads other values in ${folder}`);
  const what = `${count.toLocaleString('en')} scalars, ${(bytes / 1e6).toFixed(0)} MB`;
  return { ...times, what, peer: peer.seconds * 1000 };
}

function besidePeer(what, { thinned, peer }) {
  return row(`${what}, beside TensorBoard's reader`, {
    value: (100 * thinned) / peer,
    unit: '%',
    limit: 100 / 60,
    floor: `event accumulator: ${(peer / 1000).toFixed(1)} s of a processor, ${(peer / thinned).toFixed(0)} x ours with series; values equal`,
  });
}

/** A program of our reader and nothing else. */
async function bundled(file) {
  const bundle = await rolldown({
    cwd: root,
    input: join(root, 'bench', 'event-file-reader.ts'),
    platform: 'node',
  });
  await bundle.write({ file, format: 'cjs', minify: true });
  await bundle.close();
  return file;
}

async function processorTime(program, ...args) {
  return Number((await ended(process.execPath, [program, ...args])).stdout);
}
