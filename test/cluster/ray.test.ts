/** RayJobs: one with real Ray, and the ends that a dashboard can tell, on fake nodes. */
import { expect, test } from 'vitest';
import { RESOURCES } from '../../src/engines/kubernetes/api/objects.ts';
import { textsOf } from '../faults/truth.ts';
import { onCluster } from './harness/found.ts';
import { at, pods } from './harness/kubernetes.ts';
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
import ray, socket
ray.init()
@ray.remote(resources={"cpu": 1}, num_cpus=0.5)
def where():
    return socket.gethostname()
print("resources", {name: count for name, count in ray.cluster_resources().items() if name in ("head", "cpu")})
print("on a worker", ray.get(where.remote()) != socket.gethostname())
PROGRAM`;

onCluster(
  'Ray itself',
  () => {
    test('runs the driver on the head, and tasks on workers', { timeout: 420_000 }, () =>
      inPlace(
        async ({ submit, world }) => {
          const resources = { cpus: 0.3, cpuLimitRatio: 6, memory: 2 };
          const types = { Head: { resources }, Workers: [{ name: 'cpu', count: 1, resources }] };
          const id = await submit({ ...fake(), command: DRIVER, types });
          const record = await world.end(id);
          expect(record, JSON.stringify(record.events)).toMatchObject({ status: 'Succeeded' });
          const printed = textsOf(await world.lines(id), 'submitter-0-0').join('\n');
          expect(printed).toContain(`driver 'quoted' "twice" && 1`);
          expect(printed).toContain('on a worker True');
        },
        { patienceMs: 400_000 },
      ),
    );
  },
  { own: true },
);
