/** The console beside a cluster, in a browser: what runs there is listed as it moves, with its nodes, its log and its plan, and is cancelled. */
import { expect, test } from 'vitest';
import type { Pod } from '../../src/engines/kubernetes/api/objects.ts';
import type { LogLine } from '../../src/logs/line.ts';
import { enterConsole, launch, NO_BROWSER } from '../console/browser.ts';
import { onCluster } from './harness/found.ts';
import { inPlace } from './harness/place.ts';

const LINES = 2000;
const WORK = `seq 1 ${LINES} | sed 's/^/step /'; trap 'exit 0' TERM; while :; do sleep 0.1; done`;

/** The node that each pod was placed on, by the pod's name in the record. */
const nodeOf = (pod: Pod) => pod.spec?.nodeName ?? 'none';

onCluster('the console', () => {
  test.skipIf(NO_BROWSER !== null)('shows what runs there, to the end of its log, and cancels it', () =>
    inPlace(async ({ submit, pods, until, world }) => {
      const browser = await launch();
      try {
        const { page, origin, leave } = await enterConsole(browser, world);
        await page.getByText('No experiment yet.').waitFor();
        const id = await submit({ command: WORK, count: 2 }, { message: 'On the cluster' });
        const row = page.locator(`tr[data-id="${id}"]`);
        await row.getByText('Running', { exact: true }).waitFor();
        expect(await row.locator('.engine').innerText()).toBe('cluster jobset');
        await row.getByRole('link', { name: 'On the cluster' }).click();
        await until(id, (record) => record.pods.every(({ status }) => status === 'Running'));
        const nodes = [...new Set((await pods(id)).map(nodeOf))];
        const podRow = (name: string) =>
          page.getByRole('row').filter({ has: page.getByRole('link', { name }) });
        for (const name of ['worker-0-0', 'worker-1-0']) {
          await podRow(name).getByText('Running', { exact: true }).waitFor();
          expect(nodes).toContain(await podRow(name).getByRole('cell').nth(2).innerText());
        }
        await podRow('worker-1-0').getByRole('link').click();
        await page.locator('.line', { hasText: `step ${LINES}` }).waitFor();
        expect(new URL(page.url()).search).toBe('?pod=worker-1-0');
        // Any line has an address, of whichever pod it is.
        const { stdout } = await world.aichor(['experiments', 'logs', id, '--pod', 'worker-0-0']);
        const lines: LogLine[] = stdout.toString().trim().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
        const seventh = lines.find(({ text }) => text === 'step 7')?.sequence;
        await page.goto(`${origin}/experiments/${id}/logs#L${seventh}`);
        await page
          .locator('.line.chosen', { hasText: 'worker-0-0' })
          .getByText('step 7', { exact: true })
          .waitFor();
        await page.getByRole('link', { name: 'Plan' }).click();
        await page.getByRole('heading', { name: 'worker: 2 pods' }).waitFor();
        await page.getByText(/^\d+ variables?$/).click();
        await page.getByRole('row', { name: /AICHOR_EXPERIMENT_ID/ }).waitFor();
        await page.getByRole('button', { name: 'Cancel' }).click();
        await page.locator('.head').getByText('Cancelled', { exact: true }).waitFor();
        expect(await world.end(id)).toMatchObject({ status: 'Cancelled' });
        await page.goto(`${origin}/experiments?status=Cancelled&engine=cluster`);
        await row.waitFor();
        await leave();
      } finally {
        await browser.close();
      }
    }),
  );
});
