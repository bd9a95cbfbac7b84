import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ended, interleaved, root, row } from '../lab.js';
import { writeEventFile } from '../event-file.js';

const SCALARS = 1_000_000;
const TAGS = 10;
const TENSORBOARD = 'tensorboard==2.21.0';

/** Processor time that reading an event file takes: ours, a bare walk over its records with checksums, TensorBoard's own reader. */
export async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-event-files-'));
  try {
    const bytes = writeEventFile(join(folder, 'events.out.tfevents.1.bench'), {
      scalars: SCALARS,
      tags: TAGS,
    });
    const file = join(folder, 'events.out.tfevents.1.bench');
    const reader = await bundled(join(folder, 'reader.cjs'));
    const walk = join(root, 'bench', 'event-file-walk.js');
    const { ours, thinned, floor } = await interleaved(5, {
      floor: () => processorTime(walk, file),
      ours: () => processorTime(reader, file),
      thinned: () => processorTime(reader, file, 'thinned'),
    });
    const python = await tensorboard();
    const peer = JSON.parse(
      (await ended(python, [join(root, 'bench', 'event-file-peer.py'), folder])).stdout,
    );
    const { stdout } = await ended(process.execPath, [reader, file, 'digest']);
    if (stdout.trim() !== peer.digest) throw new Error('TensorBoard reads other values');
    const what = `${SCALARS.toLocaleString('en')} scalars, ${(bytes / 1e6).toFixed(0)} MB`;
    return [
      row(`${what}, beside a bare walk`, {
        value: ours / floor,
        unit: 'x',
        limit: 1.7,
        floor: `walk with checksums: ${floor.toFixed(0)} ms of a processor; ours: ${ours.toFixed(0)} ms`,
      }),
      row(`${what}, beside TensorBoard's reader`, {
        value: thinned / (peer.seconds * 1000),
        unit: 'x',
        limit: 1 / 60,
        floor: `event accumulator: ${peer.seconds.toFixed(1)} s of a processor: ${((peer.seconds * 1000) / thinned).toFixed(0)} x ours, with series; values equal`,
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
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

/** An interpreter that has TensorBoard, installed once. */
async function tensorboard() {
  const key = createHash('sha256').update(TENSORBOARD).digest('hex').slice(0, 16);
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const venv = join(cache, 'aichor-ci', `bench-tensorboard-${key}`);
  if (!existsSync(join(venv, 'complete'))) {
    await ended('python3', ['-m', 'venv', '--clear', venv]);
    await ended(join(venv, 'bin', 'pip'), ['install', '--quiet', TENSORBOARD]);
    await ended('touch', [join(venv, 'complete')]);
  }
  return join(venv, 'bin', 'python');
}
