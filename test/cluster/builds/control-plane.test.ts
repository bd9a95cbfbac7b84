/** The control plane of deploy/: its image, and what docs/kubernetes.md says of it in the cluster. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { ExperimentRecord } from '../../../src/experiment/record.ts';
import { isTerminal } from '../../../src/experiment/status.ts';
import { moment } from '../../faults/processes.ts';
import { textsOf } from '../../faults/truth.ts';
import { linesOf } from '../../faults/world.ts';
import { manifestText } from '../harness/work.ts';
import { builds, builtManifest, inBuildPlace, printed, why, withBuilds } from './harness/builds.ts';
import { installed, type Installed } from './harness/control-plane.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MANIFEST = 'aichor_manifests/manifest.yaml';
/** Goes on until it is told to end, and says how far it is. */
const COUNTING =
  'n=0; until [ -e /tmp/end ]; do n=$((n + 1)); echo "line $n"; sleep 0.2; done; echo "last $n"';

withBuilds('of the control plane itself', () => {
  test(
    'deploy/Dockerfile is built, and runs as deploy/kubernetes has it; experiments go on over its restarts',
    { timeout: 1_800_000 },
    async () => {
      await installed(await buildControlPlane(), async (plane) => {
        const { checks } = JSON.parse(await plane.aichor('engines', 'check', 'cluster', '--json'));
        // All that it may do is granted; the cluster itself has no default class.
        const wanting = checks.filter(({ status }: { status: string }) => status !== 'ok');
        expect(wanting.map(({ name }: { name: string }) => name)).toEqual(['storage classes']);
        // As on a cloud's volume, and nothing that it may take for its own.
        expect(await plane.inPod('stat', '-c', '%u:%g %A', '/var/lib/aichor')).toBe('0:1000 drwxrws---\n');
        const built = await runBuilt(plane);
        const held = await submit(plane, { [MANIFEST]: manifestText({ command: COUNTING }) });
        await untilPrints(plane, held, 'line 3');
        const key = JSON.parse(await plane.aichor('keys', 'create', '--name', 'ada', '--role', 'viewer'));
        const before = await seen(plane, built);
        await plane.replace();
        expect(await seen(plane, built)).toEqual(before);
        await plane.crash();
        expect(await seen(plane, built)).toEqual(before);
        expect((await plane.withKey(key.key).get(built)).status).toBe('Succeeded');
        await plane.aichor('experiments', 'exec', held, '--', 'touch', '/tmp/end');
        const record = await end(plane, held);
        expect(record, why(record)).toMatchObject({ status: 'Succeeded', attempt: 1 });
        expectCounted(textsOf(await linesOf(plane.client, held), 'worker-0-0'));
        await runBuilt(plane);
      });
    },
  );
});

/** Built as any image is, by the Job of the engine, out of what `docker build` would be given. */
async function buildControlPlane() {
  let image = '';
  await inBuildPlace(async (place) => {
    const folder = join(place.world.folder, 'checkout');
    await copyCheckout(folder);
    const builder = { image: 'aichor', dockerfile: './deploy/Dockerfile', buildArgs: { NPM_CONFIG_REGISTRY: builds.index.npm } };
    await mkdir(dirname(join(folder, MANIFEST)), { recursive: true });
    await writeFile(join(folder, MANIFEST), builtManifest({ command: 'aichor --version && git --version && id -u', builder }));
    const { code, stdout, stderr } = await place.world.aichor(['experiments', 'submit', 'local', folder, '--engine', 'cluster', '--output', 'id']);
    expect(code, stderr).toBe(0);
    const id = stdout.toString().trim();
    const record = await place.world.end(id);
    expect(record.status, why(record)).toBe('Succeeded');
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    expect(await printed(place, id, 'run')).toMatch(new RegExp(`^aichor/${version} .*\ngit version .*\n1000$`));
    image = String(record.image);
  });
  const [name = '', digest = ''] = image.split('@');
  return { name, digest };
} // prettier-ignore

/** What Git has of it, and what it would take up: no modules, nothing built. */
async function copyCheckout(folder: string): Promise<void> {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' }); // prettier-ignore
  const files = list.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file)));
  for (const file of files) await cp(join(ROOT, file), join(folder, file));
}

/** As its users do; where it runs is said by the control plane alone. */
async function submit({ world, aichor }: Installed, files: Record<string, string>): Promise<string> {
  const repository = await world.repository({ script: 'true', files });
  return (await aichor('experiments', 'submit', 'local', repository, '--output', 'id')).trim();
}

/** An experiment whose image is built by the control plane's own account. @returns its id */
async function runBuilt(plane: Installed): Promise<string> {
  const id = await submit(plane, {
    [MANIFEST]: builtManifest({ command: 'cat /answer' }),
    Dockerfile: 'FROM python:3.11-slim-bookworm\nRUN python -c "print(6 * 7)" >/answer\n',
  });
  const record = await end(plane, id);
  expect(record, why(record)).toMatchObject({ status: 'Succeeded', engine: 'cluster' });
  expect(textsOf(await linesOf(plane.client, id), 'worker-0-0')).toEqual(['42']);
  return id;
}

async function end({ client, aichor }: Installed, id: string): Promise<ExperimentRecord> {
  await aichor('experiments', 'wait', id);
  return client.get(id);
}

async function untilPrints(plane: Installed, id: string, text: string): Promise<void> {
  while (!(await plane.aichor('experiments', 'logs', id)).includes(text)) {
    const record = await plane.client.get(id);
    if (isTerminal(record.status)) throw new Error(`ended before: ${why(record)}`);
    await moment(200);
  }
}

/** What there is of an experiment that has ended. */
async function seen({ client }: Installed, id: string) {
  return { record: await client.get(id), lines: await linesOf(client, id) };
}

/** Nothing was lost, and nothing told twice. */
function expectCounted(texts: readonly string[]): void {
  const last = texts.length - 1;
  expect(texts).toEqual([...texts.slice(0, last).map((_, index) => `line ${index + 1}`), `last ${last}`]);
}
