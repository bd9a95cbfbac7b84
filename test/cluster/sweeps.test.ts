/** A sweep on a cluster: with a crash, an attempt that begins again, a server that is killed, and a cancel in the middle. */
import { expect, test } from 'vitest';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { insist, type Outcome } from '../faults/world.ts';
import { onCluster } from './harness/found.ts';
import { inPlace } from './harness/place.ts';
import { manifestText } from './harness/work.ts';

/** Values of `LR`: one ends, one ends in its second attempt, one crashes in each, one does not come to its end. */
const POINTS = [
  { LR: '0.2', STEPS: '5' },
  { LR: '0.1', STEPS: '5' },
  { LR: 'none', STEPS: '5' },
  { LR: '0.3', STEPS: '100000000' },
];
const COMMAND = `trap 'exit 143' TERM
[ "$LR" = none ] && { echo crashing; exit 3; }
[ "$LR$AICHOR_RESTART_ATTEMPT" = 0.10 ] && { echo '{"metric": {"loss": 0, "step": 1}}'; exit 9; }
i=0
while [ $i -lt $STEPS ]; do i=$((i + 1)); echo '{"metric": {"loss": '$LR', "step": '$i'}}'; sleep 0.2; done`;

onCluster('a sweep', () => {
  test('ends in the right table, whatever happens in its middle', () =>
    inPlace(async (place) => {
      const { world } = place;
      const documentOf = ({ code, stdout, stderr }: Outcome, codes: readonly number[] = [0]) => {
        if (!codes.includes(code ?? -1)) throw new Error(`ended with ${code}: ${stderr}`);
        return JSON.parse(String(stdout));
      };
      const repository = join(world.folder, 'swept');
      await mkdir(join(repository, 'aichor_manifests'), { recursive: true });
      await writeFile(join(repository, 'Dockerfile'), 'FROM busybox\n');
      const spec = { restartPolicy: { backoffLimit: 1 } };
      await writeFile(
        join(repository, 'aichor_manifests/manifest.yaml'),
        manifestText({ command: COMMAND, spec }),
      );
      const list = join(world.folder, 'points.jsonl');
      await writeFile(list, POINTS.map((point) => JSON.stringify(point)).join('\n'));
      const sweep = ['experiments', 'sweep', '--repo-dir', repository, '--list', list, '--name', 's'];
      const { experiments } = documentOf(await world.aichor([...sweep, '--engine', 'cluster']));
      const ids: string[] = experiments.map((one: { experiment_id: string }) => one.experiment_id);
      const [, again = '', crashing = '', endless = ''] = ids;
      await place.until(endless, ({ metrics }) => (metrics['loss']?.step ?? 0) > 2);
      await place.restart();
      const { metrics } = await insist(() => world.client.get(endless));
      const before = metrics['loss']?.step ?? 0;
      await place.until(endless, (record) => (record.metrics['loss']?.step ?? 0) > before);
      documentOf(await world.aichor(['experiments', 'cancel', endless, '--wait']), [0, 9]);
      documentOf(await world.aichor(['sweeps', 'wait', 's']), [9]);
      const attempts = await Promise.all([again, crashing].map((id) => insist(() => world.client.get(id))));
      expect(attempts).toMatchObject([
        { status: 'Succeeded', attempt: 2 },
        { status: 'Failed', attempt: 2 },
      ]);
      const results = ['sweeps', 'results', 's', '--metric', 'loss', '--goal', 'min'];
      const { rows, missing } = documentOf(await world.aichor(results));
      expect(missing).toEqual([]);
      const [best, second, ...rest] = rows;
      expect([best, second]).toMatchObject([
        { point: { LR: '0.1' }, counts: { Succeeded: 1 }, metrics: { loss: { mean: 0.1, n: 1 } } },
        { point: { LR: '0.2' }, counts: { Succeeded: 1 }, metrics: { loss: { mean: 0.2, n: 1 } } },
      ]);
      const ended = rest.map(({ point, counts }: { point: { LR: string }; counts: object }) => ({
        rate: point.LR,
        counts,
      }));
      expect(ended).toHaveLength(2);
      expect(ended).toEqual(
        expect.arrayContaining([
          { rate: 'none', counts: { Failed: 1 } },
          { rate: '0.3', counts: { Cancelled: 1 } },
        ]),
      );
    }));
});
