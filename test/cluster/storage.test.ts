/** Secrets, volumes, and a second run from the same code. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PersistentVolumeClaim, Secret } from 'kubernetes-types/core/v1.js';
import { expect, test } from 'vitest';
import { EXPERIMENT_LABEL, RESOURCES, type Pod } from '../../src/engines/kubernetes/api/objects.ts';
import { textsOf } from '../faults/truth.ts';
import { cluster, onCluster } from './harness/found.ts';
import { at, jobsets, pods } from './harness/kubernetes.ts';
import { hostPathVolume } from './harness/namespace.ts';
import { inPlace } from './harness/place.ts';

const VALUE = 'v3ry-s3cret-$(HOME)-value';

onCluster('a secret', () => {
  test('reaches the pod, stands in a Secret only, and goes with the end', () =>
    inPlace(async ({ submit, world, until, namespace }) => {
      const command = '[ "$(printf %s "$TOKEN" | wc -c)" = 25 ] && echo right; sleep 2';
      const id = await submit({ command }, { secrets: { TOKEN: VALUE } });
      await until(id, ({ status }) => status === 'Running');
      const secrets = await at(RESOURCES.secrets, namespace).list<Secret>(`${EXPERIMENT_LABEL}=${id}`);
      expect(secrets.map(({ data }) => Buffer.from(data?.['TOKEN'] ?? '', 'base64').toString())).toEqual([VALUE]);
      const jobs = at(RESOURCES.jobs, namespace);
      const objects = [await jobsets(namespace).list(), await jobs.list(), await pods(namespace).list(), await at(RESOURCES.events, namespace).list()];
      expect(JSON.stringify(objects)).not.toContain(VALUE);
      expect(JSON.stringify(objects)).not.toContain(Buffer.from(VALUE).toString('base64'));
      const record = await world.end(id);
      expect(record.status).toBe('Succeeded');
      expect(textsOf(await world.lines(id), 'worker-0-0')).toEqual(['right']);
      expect(JSON.stringify(record)).not.toContain(VALUE);
      expect(await readFile(join(world.home, 'server.log'), 'utf8').catch(() => '')).not.toContain(VALUE);
      await at(RESOURCES.secrets, namespace).until<Secret>((items) => items.every(({ data }) => data?.['TOKEN'] === undefined));
    })); // prettier-ignore

  test('of the project is there for every pod; what the manifest says wins over it', () =>
    inPlace(
      async ({ submit, world }) => {
        const command = 'echo "$FROM_PROJECT $BOTH"';
        const id = await submit({ command, spec: { env: { BOTH: 'manifest' } } });
        await world.end(id);
        expect(textsOf(await world.lines(id), 'worker-0-0')).toEqual(['project manifest']);
      },
      {
        before: (namespace) =>
          at(RESOURCES.secrets, namespace).create<Secret>({
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: 'aichor-project-env' },
            stringData: { FROM_PROJECT: 'project', BOTH: 'project' },
          }),
      },
    ));
});

onCluster(
  'a shared volume',
  () => {
    test('is one folder for all pods, over restarts, and gone with the experiment', () =>
      inPlace(
        async ({ submit, world, namespace }) => {
          const storage = { sharedVolume: { mountPoint: '/shared', sizeGB: 1, storageClass: namespace, accessMode: 'ReadWriteMany' } };
          const command = `
            echo "$JOB_INDEX" >> /shared/seen
            if [ "$AICHOR_RESTART_ATTEMPT" = 0 ]; then
              until [ "$(sort -u /shared/seen | wc -l)" = 2 ]; do sleep 0.1; done
              [ "$JOB_INDEX" = 1 ] && { sleep 1; exit 1; }
              trap 'exit 143' TERM; while :; do sleep 0.1; done
            fi
            until [ "$(wc -l < /shared/seen)" = 4 ]; do sleep 0.1; done
            sort /shared/seen | tr -d '\\n'; echo`;
          const id = await submit({ command, count: 2, spec: { storage, restartPolicy: { backoffLimit: 1 } } });
          const record = await world.end(id);
          expect(record, JSON.stringify(record)).toMatchObject({ status: 'Succeeded', attempt: 2 });
          expect(textsOf(await world.lines(id), 'worker-0-0', 2)).toEqual(['0011']);
          await at(RESOURCES.claims, namespace).until<PersistentVolumeClaim>((items) => items.length === 0);
        },
        { before: (namespace) => hostPathVolume(namespace, `${cluster.state}/volumes/${namespace}`) },
      )); // prettier-ignore
  },
  { own: true },
);

onCluster('after the end', () => {
  test('the workload stays to be looked at, until the experiment is deleted', () =>
    inPlace(async ({ submit, world, namespace }) => {
      const id = await submit({ command: 'true' });
      await world.end(id);
      expect(await jobsets(namespace).list()).toHaveLength(1);
      const [pod] = await pods(namespace).list<Pod>();
      expect(pod?.status?.phase).toBe('Succeeded');
      expect(await world.aichor(['experiments', 'delete', id])).toMatchObject({ code: 0 });
      await jobsets(namespace).until((items) => items.length === 0);
      await pods(namespace).until((items) => items.length === 0);
    }));

  test('it can be submitted again, with other variables', () =>
    inPlace(async ({ submit, world, namespace }) => {
      const first = await submit({ command: 'echo "rate $RATE"' }, { env: { RATE: '1' } });
      await world.end(first);
      const again = await world.aichor(['experiments', 'resubmit', first, '--env', 'RATE=2', '--wait']);
      expect(again.code, again.stderr).toBe(0);
      const record = JSON.parse(again.stdout.toString());
      expect(record).toMatchObject({ status: 'Succeeded', engine: 'cluster', resubmit_of: first });
      expect(textsOf(await world.lines(record.experiment_id), 'worker-0-0')).toEqual(['rate 2']);
      expect(await jobsets(namespace).list()).toHaveLength(2);
    }));
});
