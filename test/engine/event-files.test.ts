import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findContainment } from '../../src/engines/local/mounts/containment.ts';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { createHouse, jobset, type House } from './house.ts';

let house: House;
beforeEach(async () => {
  house = await createHouse();
});
afterEach(() => house.leave());

/** Two pods that each keep files open until the test says so. */
async function writers(open: string) {
  const folder = join(house.folder, 'events');
  await mkdir(folder);
  const command = `cd $EVENTS && ${open}; touch $HOSTNAME.ready; until test -e go; do sleep 0.05; done`;
  const what = jobset(command, { worker: { count: 2 } });
  const experiment = await house.submit({ ...what, env: { EVENTS: folder } });
  const running = experiment.run(undefined, { tensorboard: folder });
  const goOn = () => writeFile(join(folder, 'go'), '');
  return { experiment, running, folder, goOn };
}

test.skipIf(process.platform !== 'linux')('pods that write one event file are told of, once', async () => {
  const { running, goOn } = await writers('exec 3>>events.out.tfevents.1.same');
  const notice = await running.seen((fact) => fact.type === 'notice' && fact.code === 'event_file_shared');
  expect(notice).toMatchObject({
    message: expect.stringMatching(
      /^worker-0-0 and worker-1-0 write one event file, events.out.tfevents.1.same, .*filename_suffix/,
    ),
  });
  await goOn();
  await running.done;
});

test('each pod has its own name as the name of its host, by which writers name files', async (context) => {
  const entrance = await findEntrance(process.env, userInfo());
  context.skip((await findContainment(entrance, process.env)) === null, 'no namespaces here');
  const { experiment, running, goOn } = await writers(
    'python3 -c "import socket; print(socket.gethostname())"',
  );
  await goOn();
  await running.done;
  for (const pod of ['worker-0-0', 'worker-1-0']) expect(await experiment.printed(pod)).toBe(pod);
});
