import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from '../lab.js';

/**
 * Starts an API server that plays the pods of the JobSet it is given (`played-cluster.ts`).
 *
 * @param {{folder: string, podsPerS: number, onHappened?: () => void}} options `onHappened`: called as soon as something is known to have happened
 */
export async function openPlayedCluster({ folder, podsPerS, onHappened = () => undefined }) {
  const program = join(folder, 'played-cluster.mjs');
  const bundle = await rolldown({
    input: join(root, 'bench', 'kubernetes', 'played-cluster.ts'),
    platform: 'node',
  });
  await bundle.write({ file: program, format: 'esm' });
  await bundle.close();
  const child = spawn(process.execPath, [program, String(podsPerS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const known = new Map();
  const waiting = new Map();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { what, ...told } = JSON.parse(line);
    const happened = { ...told, found: onHappened(what) };
    known.set(what, happened);
    waiting.get(what)?.(happened);
  });
  const happened = (what) =>
    known.has(what) ? known.get(what) : new Promise((resolve) => waiting.set(what, resolve));
  const { kubeconfig } = await happened('listening');
  return {
    kubeconfig,
    namespace: 'lab',
    /** When (ms since the epoch), and what `onHappened` gave then. `what`: made, started, completed. */
    happened,
    async close() {
      child.kill();
      await once(child, 'close');
    },
  };
}
