/** RayJobs: one with real Ray, and the ends that a dashboard can tell, on fake nodes. */
import { mkdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { RESOURCES } from '../../src/engines/kubernetes/api/objects.ts';
import { textsOf } from '../faults/truth.ts';
import { cluster, onCluster } from './harness/found.ts';
import { at, pods } from './harness/kubernetes.ts';
import { hostPathVolume } from './harness/namespace.ts';
import { inPlace } from './harness/place.ts';
import type { ClusterWork } from './harness/work.ts';

const SMALL = { cpus: 1, memory: 1 };
const TYPES = { Head: { resources: SMALL }, Workers: [{ name: 'cpu', count: 2, resources: SMALL }] };

const fake = (env: Record<string, string> = {}, spec: object = {}): ClusterWork => ({
  ...{ operator: 'kuberay', command: 'true', image: 'localhost/ray:test', types: TYPES },
  spec: { rayVersion: '2.52.1', env, ...spec },
});

onCluster(
  'Ray on fake nodes',
  () => {
    test('success: head, workers and submitter under the names they always have', () =>
      inPlace(
        async ({ submit, world }) => {
          const record = await world.end(await submit(fake()));
          expect(record, JSON.stringify(record.events)).toMatchObject({ status: 'Succeeded', attempt: 1 });
          expect(record.pods.map(({ pod }) => pod).sort()).toEqual(['cpu-0-0', 'cpu-1-0', 'head-0-0', 'submitter-0-0']); // prettier-ignore
        },
        { fake: true },
      ));

    test.each([
      ['FAILED', 'Failed'],
      ['STOPPED', 'Failed'],
    ])('a job that is %s', (outcome, status) =>
      inPlace(
        async ({ submit, world }) => {
          const work = fake({ FAKE_OUTCOME: outcome, FAKE_MESSAGE: 'Job entrypoint command failed with exit code 5' }); // prettier-ignore
          const record = await world.end(await submit(work));
          expect(record, JSON.stringify(record.events)).toMatchObject({ status, attempt: 1 });
          expect(record.explanation).not.toBeNull();
        },
        { fake: true },
      ),
    );

    test('a job that fails is tried again', () =>
      inPlace(
        async ({ submit, world }) => {
          const work = fake({ FAKE_OUTCOME: 'FAILED', FAKE_SECONDS: '1' }, { restartPolicy: { backoffLimit: 1 } }); // prettier-ignore
          const record = await world.end(await submit(work));
          expect(record, JSON.stringify(record.events)).toMatchObject({ status: 'Failed', attempt: 2 });
        },
        { fake: true },
      ));

    test('cancelled while it runs: nothing is left', () =>
      inPlace(
        async ({ submit, world, until, namespace }) => {
          const id = await submit(fake({ FAKE_SECONDS: '600' }));
          await until(id, ({ status }) => status === 'Running');
          await world.client.cancel({ ids: [id] });
          expect(await world.end(id)).toMatchObject({ status: 'Cancelled' });
          await pods(namespace).until((items) => items.length === 0);
          await at(RESOURCES.rayjobs, namespace).until((items) => items.length === 0);
        },
        { fake: true },
      ));

    test('the control plane dies while it runs', () =>
      inPlace(
        async ({ submit, world, until, restart }) => {
          const id = await submit(fake({ FAKE_SECONDS: '4' }));
          await until(id, ({ status }) => status === 'Running');
          await restart();
          expect(await world.end(id)).toMatchObject({ status: 'Succeeded', attempt: 1 });
        },
        { fake: true },
      ));
  },
  { own: true },
);

const DRIVER = `
echo "driver 'quoted' \\"twice\\" && $(hostname | wc -l)"
python - <<'PROGRAM'
import os, ray, socket, urllib.error, urllib.request
ray.init()
@ray.remote(resources={"cpu": 1}, num_cpus=0.5)
def where():
    return socket.gethostname()
print("resources", {name: count for name, count in ray.cluster_resources().items() if name in ("head", "cpu")})
print("on a worker", ray.get(where.remote()) != socket.gethostname())
def ask(headers):
    try:
        return urllib.request.urlopen(urllib.request.Request("http://127.0.0.1:8265/api/jobs/", headers=headers)).status
    except urllib.error.HTTPError as error:
        return error.code
token = "Bearer " + os.environ["RAY_AUTH_TOKEN"]
print("asked with none, another and its own token", ask({}), ask({"Authorization": token + "0"}), ask({"Authorization": token}))
PROGRAM`;

/** What a Ray node calls of its image, but for `wget`. */
const WITHOUT_WGET = [
  ...[
    '/bin/bash',
    '/bin/sh',
    '/bin/grep',
    '/bin/cat',
    '/bin/sleep',
    '/bin/hostname',
    '/bin/ps',
    '/bin/uname',
  ],
  ...['/usr/bin/env', '/usr/bin/python', '/usr/bin/python3'],
];

/** A volume of links to these programs of whatever image it is mounted into. */
async function volumeOfPrograms(programs: readonly string[], namespace: string): Promise<void> {
  const folder = `${cluster.state}/volumes/${namespace}`;
  await mkdir(folder, { recursive: true });
  for (const program of programs) await symlink(program, join(folder, basename(program)));
  await hostPathVolume(namespace, folder);
}

onCluster(
  'Ray itself',
  () => {
    test('runs the driver on the head, and tasks on workers; who has not its token gets nothing', { timeout: 420_000 }, () =>
      inPlace(
        async ({ submit, world, namespace }) => {
          const resources = { cpus: 0.3, cpuLimitRatio: 6, memory: 2 };
          const types = { Head: { resources }, Workers: [{ name: 'cpu', count: 1, resources }] };
          const id = await submit({ ...fake(), command: DRIVER, types });
          const record = await world.end(id);
          expect(record, JSON.stringify(record.events)).toMatchObject({ status: 'Succeeded' });
          const printed = textsOf(await world.lines(id), 'submitter-0-0').join('\n');
          expect(printed).toContain(`driver 'quoted' "twice" && 1`);
          expect(printed).toContain('on a worker True');
          expect(printed).toContain('asked with none, another and its own token 401 403 200');
          const [job] = await at(RESOURCES.rayjobs, namespace).list();
          expect(job).toMatchObject({ spec: { rayClusterSpec: { authOptions: { mode: 'token' } } } });
        },
        { patienceMs: 400_000 },
      ),
    ); // prettier-ignore

    test.each([
      ['bash', 'localhost/busybox:test', {}, /its image has no \/bin\/bash, with which KubeRay starts Ray/],
      ['ray', 'localhost/ray:test', { PATH: '/usr/bin:/bin' }, /its image has no ray on its PATH \(exit 127\)/],
    ])('an image without %s is told at once, with the cure', { timeout: 420_000 }, (_, image, env, says) =>
      inPlace(
        async ({ submit, world }) => {
          const types = { Head: { resources: { cpus: 0.3, cpuLimitRatio: 6, memory: 2 } } };
          const record = await world.end(await submit({ ...fake(env), image, types }));
          expect(record, JSON.stringify(record.events)).toMatchObject({ status: 'Failed', attempt: 1, reason: 'CommandNotFound' });
          expect(record.explanation).toMatch(/^head-0-0 cannot start: /);
          expect(record.explanation).toMatch(says);
        },
        { patienceMs: 400_000 },
      ),
    ); // prettier-ignore

    test('an image without wget is told as soon as a probe says so', { timeout: 420_000 }, () =>
      inPlace(
        async ({ submit, world, namespace }) => {
          const types = { Head: { resources: { cpus: 0.3, cpuLimitRatio: 6, memory: 2 } } };
          const storage = { sharedVolume: { mountPoint: '/programs', sizeGB: 1, storageClass: namespace, accessMode: 'ReadWriteMany' } };
          const id = await submit({ ...fake({ PATH: '/usr/local/bin:/programs' }, { storage }), types });
          const record = await world.end(id);
          expect(record, JSON.stringify(record)).toMatchObject({ status: 'Failed', attempt: 1, reason: 'CommandNotFound' });
          expect(record.explanation).toMatch(/^head-0-0 cannot start: its image has no wget, .* install wget/);
        },
        { patienceMs: 400_000, before: (namespace) => volumeOfPrograms(WITHOUT_WGET, namespace) },
      ),
    ); // prettier-ignore

    test('tells once what a driver printed that failed', { timeout: 420_000 }, () =>
      inPlace(
        async ({ submit, world }) => {
          const types = { Head: { resources: { cpus: 0.3, cpuLimitRatio: 6, memory: 2 } } };
          const command = 'for line in 1 2 3; do echo "line $line"; done; exit 5';
          const id = await submit({ ...fake(), command, types });
          const record = await world.end(id);
          expect(record, JSON.stringify(record.events)).toMatchObject({
            status: 'Failed',
            reason: 'NonZeroExit',
          });
          expect(record.explanation).toContain('exited with code 5');
          const printed = textsOf(await world.lines(id), 'submitter-0-0');
          expect(printed.filter((text) => text.startsWith('line '))).toEqual(['line 1', 'line 2', 'line 3']);
        },
        { patienceMs: 400_000 },
      ),
    );
  },
  { own: true },
);
