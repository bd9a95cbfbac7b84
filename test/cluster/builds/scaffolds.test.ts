import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { inBuildPlace, withBuilds, why } from './harness/builds.ts';

/** Those whose packages are small enough to be fetched in a test, and come from the usual index. */
const OPERATORS = ['jobset', 'kuberay'];

withBuilds('the Dockerfiles that are scaffolded, unchanged', () => {
  test.each(OPERATORS)('%s: built, pushed, and its program runs', { timeout: 1_500_000 }, (operator) =>
    inBuildPlace(
      async (place) => {
        const { aichor, folder, end } = place.world;
        const path = join(folder, 'demo');
        const init = await aichor(['local-repo', 'init', path, '--name', 'demo', '--operator', operator, '--yes']); // prettier-ignore
        expect(init.code, init.stderr).toBe(0);
        // A lock names the index that it was made with, which nothing in the cluster reaches.
        await rm(join(path, 'uv.lock'), { force: true });
        await makeSmall(join(path, 'aichor_manifests/manifest.yaml'));
        const submit = ['experiments', 'submit', 'local', '--engine', 'cluster', '--message', operator];
        const sent = await aichor([...submit, '--output', 'id'], { cwd: path });
        expect(sent.code, sent.stderr).toBe(0);
        const record = await end(sent.stdout.toString().trim());
        expect(record.status, why(record)).toBe('Succeeded');
        expect(record.image).toMatch(/\/demo@sha256:[0-9a-f]{64}$/);
      },
      { settings: { storage: { input: '/tmp/inputs/', output: '/tmp/outputs/' } }, patienceMs: 1_400_000 },
    ),
  );
});

/** Pods of one processor each have no room beside each other on a small machine. */
async function makeSmall(manifest: string): Promise<void> {
  const text = await readFile(manifest, 'utf8');
  await writeFile(manifest, text.replaceAll('cpus: 1', 'cpus: 0.2').replaceAll(/ramRatio: 2/g, 'memory: 2'));
}
