import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { createHouse, jobset, type House } from '../engine/house.ts';
import { frameworkEnvironment } from './environment.ts';
import { measured, PATIENCE_MS } from './measured.ts';

let house: House;
let programs: string;
let tools: string;

beforeAll(async () => {
  programs = await frameworkEnvironment('jax-xgboost-tensorboard');
  tools = await mkdtemp(join(tmpdir(), 'aichor-tools-'));
  house = await createHouse();
});
afterAll(async () => {
  await house.leave();
  await rm(tools, { recursive: true, force: true });
});

const shell = (first: string) => ({
  PATH: `${first}${delimiter}${process.env['PATH']}`,
  HOME: process.env['HOME'] ?? '/',
});
const isLink = (name: string) => (fact: ExperimentFact) =>
  fact.type === 'link' && fact.name === name && fact.url !== null;
const urlOf = (fact: ExperimentFact) => (fact.type === 'link' ? (fact.url ?? '') : '');

const EVENTS = `import os, time
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
writer = EventFileWriter(os.environ["AICHOR_TENSORBOARD_PATH"])
writer.add_event(Event(step=1, wall_time=time.time(), summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.5)])))
writer.close()
while not os.path.exists("../seen"): time.sleep(0.1)
`;

describe('TensorBoard', () => {
  test('shows what is written while the pods run, ends with them, and is opened again', async () => {
    const submitted = await house.submit({
      ...jobset('python3 write.py', { worker: { count: 1 } }, { tensorboard: { enabled: true } }),
      files: { 'write.py': EVENTS },
      shell: shell(programs),
    });
    const events = join(house.folder, 'tensorboard', submitted.id);
    const running = submitted.run(undefined, { tensorboard: events });
    const url = urlOf(await running.seen(isLink('tensorboard')));
    const runs = async () => JSON.stringify(await (await fetch(`${url}data/plugin/scalars/tags`)).json());
    await expect.poll(runs, { timeout: PATIENCE_MS, interval: 300 }).toContain('loss');
    submitted.stop.abort();
    const facts = await measured('tensorboard', running.done);
    expect(facts.findLast((fact) => fact.type === 'link')).toMatchObject({ name: 'tensorboard', url: null });
    await expect(fetch(url)).rejects.toThrow();
    const context = await submitted.context();
    const again = await house.engine.openTensorBoard?.({
      ...{ project: context.project, plan: context.plan },
      ...{ experimentId: submitted.id, directory: join(house.folder, 'experiments', submitted.id) },
      ...{ events, build: null, shell: shell(programs), signal: context.detach },
    });
    expect(JSON.stringify(await (await fetch(`${again}data/plugin/scalars/tags`)).json())).toContain('loss');
    await house.engine.discard(submitted.id, 'ended');
    await expect(fetch(String(again))).rejects.toThrow();
  });

  test('that is not installed is a notice with the way to it', async () => {
    const more = { tensorboard: { enabled: true } };
    const submitted = await house.submit({
      ...jobset('sleep 1', { worker: { count: 1 } }, more),
      shell: { PATH: '/usr/bin:/bin' },
    });
    const facts = await submitted.run(undefined, { tensorboard: join(house.folder, 'events') }).done;
    expect(facts).toContainEqual({
      type: 'notice',
      code: 'tensorboard_absent',
      message: expect.stringContaining("add tensorboard to the project's dependencies"),
    });
  });
});

describe('debugging', () => {
  test('with VS Code runs its tunnel in the first pod, says how to sign in, and gives its link', async () => {
    const code = join(tools, 'code');
    await writeFile(
      code,
      '#!/bin/sh\n[ "$1" = tunnel ] || exit 2\necho "To grant access to the server, please log into https://github.com/login/device and use code AB12-CD34"\nuntil [ -e "$HOME/signed-in" ]; do sleep 0.1; done\necho "Open this link in your browser https://vscode.dev/tunnel/a-machine/$PWD"\nexec sleep 1000\n',
    );
    await chmod(code, 0o755);
    const debug = { vscode: { enabled: true } };
    const submitted = await house.submit({
      ...jobset('false', { worker: { count: 2 } }, { debug }),
      shell: { ...shell(tools), HOME: tools },
    });
    const running = submitted.run();
    await running.seen((fact) => fact.type === 'notice' && fact.message.endsWith('use code AB12-CD34'));
    await writeFile(join(tools, 'signed-in'), '');
    expect(urlOf(await running.seen(isLink('vscode')))).toMatch(
      /^https:\/\/vscode\.dev\/tunnel\/a-machine\/\S*worker-0-0/,
    );
    submitted.stop.abort();
    expect((await running.done).findLast((fact) => fact.type === 'link')).toMatchObject({ url: null });
  });

  test('without the program says which, and how to get it', async () => {
    const debug = { vscode: { enabled: true, path: 'code-of-nobody' } };
    const submitted = await house.submit(jobset('true', { worker: { count: 1 } }, { debug }));
    expect((await submitted.run().done).find((fact) => fact.type === 'failure')).toMatchObject({
      reason: 'CommandNotFound',
      explanation: expect.stringMatching(
        /spec\.debug\.vscode is on.*code-of-nobody.*install the command-line program of VS Code/,
      ),
    });
  });
});
