/** The end of an experiment whose logs take long: it is told before they are read. */
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKept, type KeptRun } from '../../src/engines/kubernetes/run/kept.ts';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { planManifest } from '../../src/operators/plan.ts';
import { OBSERVED_FINALIZER } from '../../src/render/kubernetes/pod/pod-template.ts';
import { jobset, NO_SUBMISSION, podType } from '../unit/operators/manifests.ts';
import { EXPERIMENT, NAME, openWorld, type World } from './kubernetes-world.ts';

let world: World;
/** Logs of `worker-1-0` that are asked for, and not answered. */
let held: ServerResponse[];
let isHeld: boolean;

const LINE = (pod: string) => `2026-01-01T00:00:11.000000000Z I am ${pod}\n`;
const plan = planManifest(jobset([podType('worker', { count: 2 })]), NO_SUBMISSION);
const isEnd = ({ type }: ExperimentFact) => type === 'ended';

beforeEach(async () => {
  world = await openWorld();
  [held, isHeld] = [[], true];
  world.api.onLog = ({ name }, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    if (isHeld && name === `${NAME}-worker-1-0-0`) held.push(response);
    else response.end(LINE(name ?? ''));
  };
});
afterEach(() => world.close());

function finalizers(): string[][] {
  return [...world.jobsets.pods().values()].map(({ metadata }) => metadata.finalizers ?? []);
}

/** Its pods have ended, one with this code, and the log of that one does not come. */
async function toTheEnd(code = 0) {
  const { jobsets } = world;
  const run = await world.run(plan);
  await jobsets.created();
  jobsets.makePods();
  jobsets.start('worker-0-0', 'worker-1-0');
  await run.until((fact) => fact.type === 'pod' && fact.status === 'Running');
  jobsets.end('worker-0-0', 0);
  jobsets.end('worker-1-0', code);
  if (code === 0) jobsets.conclude('Completed');
  else jobsets.conclude('Failed', `jobset failed (first failed job: ${NAME}-worker-1)`);
  await run.until(isEnd);
  return run;
}

function giveLogs(): void {
  isHeld = false;
  for (const response of held) response.end(LINE(`${NAME}-worker-1-0-0`));
}

test('it is told while a log is being read; the pod stays until that was', async () => {
  const run = await toTheEnd();
  const pods = run.facts.filter((fact) => fact.type === 'pod');
  expect(new Map(pods.map((fact) => [fact.pod, [fact.status, fact.exit_code]]))).toEqual(
    new Map([
      ['worker-0-0', ['Succeeded', 0]],
      ['worker-1-0', ['Succeeded', 0]],
    ]),
  );
  expect(finalizers()[1]).toContain(OBSERVED_FINALIZER);
  giveLogs();
  const facts = await run.ended;
  expect(facts.filter(isEnd)).toHaveLength(1);
  expect(await world.lines('worker-1-0')).toEqual([`I am ${NAME}-worker-1-0-0`]);
  expect(finalizers().flat()).not.toContain(OBSERVED_FINALIZER);
});

test('of a failure it is told with why, though the log of the pod that failed does not come', async () => {
  const run = await toTheEnd(3);
  const types = run.facts.map(({ type }) => type);
  expect(types.indexOf('failure')).toBeGreaterThan(0);
  expect(types.indexOf('failure')).toBeLessThan(types.indexOf('ended'));
  giveLogs();
  await run.ended;
  expect(await world.lines('worker-1-0')).toEqual([`I am ${NAME}-worker-1-0-0`]);
});

test('where all logs are here it is the return that tells it', async () => {
  isHeld = false;
  const run = await world.run(plan);
  await world.jobsets.created();
  world.jobsets.makePods();
  world.jobsets.start('worker-0-0', 'worker-1-0');
  await run.until((fact) => fact.type === 'pod' && fact.status === 'Running');
  for (const pod of ['worker-0-0', 'worker-1-0']) world.jobsets.end(pod, 0);
  world.jobsets.conclude('Completed');
  expect((await run.ended).filter(isEnd)).toEqual([]);
});

test('what could not be read is told after it', async () => {
  const run = await toTheEnd();
  isHeld = false;
  for (const response of held) response.end('rpc error: no such container\n');
  world.api.onLog = (_asked, response) => response.writeHead(200).end('rpc error: no such container\n');
  const facts = await run.ended;
  const late = facts.slice(facts.findIndex(isEnd) + 1);
  expect(late.map((fact) => (fact.type === 'notice' ? fact.code : fact.type))).toEqual(['log_incomplete']);
});

test('a control plane that died after it has the rest read by the next one, once', async () => {
  const run = await toTheEnd();
  run.detach();
  await run.ended;
  expect(finalizers()[1]).toContain(OBSERVED_FINALIZER);
  giveLogs();
  await (
    await world.run(plan, { collects: true })
  ).ended;
  expect(await world.lines('worker-1-0')).toEqual([`I am ${NAME}-worker-1-0-0`]);
  expect(finalizers().flat()).not.toContain(OBSERVED_FINALIZER);
  expect(await (await world.run(plan, { collects: true })).ended).toEqual([]);
});

test('whoever deletes the experiment before has its pods let go of', async () => {
  const run = await toTheEnd();
  run.detach();
  await run.ended;
  await world.engine().discard(EXPERIMENT, 'deleted');
  await expect.poll(() => finalizers().flat()).not.toContain(OBSERVED_FINALIZER);
});

test('TensorBoard that is opened again meanwhile does not count as what still makes pods', async () => {
  const run = await toTheEnd();
  const labels = { 'aichor.io/experiment-id': EXPERIMENT, 'aichor.io/component': 'tensorboard' };
  world.api.store.put('jobs', { metadata: { name: `${NAME}-tensorboard`, labels } });
  giveLogs();
  const facts = await run.ended;
  expect(facts.filter(({ type }) => type === 'notice')).toEqual([]);
  expect(await world.lines('worker-1-0')).toHaveLength(1);
});

/** It has ended, though what is kept of its run says something else. */
async function leave(change: (kept: KeptRun) => Partial<KeptRun>): Promise<void> {
  const run = await toTheEnd();
  run.detach();
  await run.ended;
  giveLogs();
  const kept = await openKept(join(world.folder, 'experiments', EXPERIMENT, 'engine'));
  await kept.change(change(kept.run));
}

test('of one that was to begin anew when it ended nothing is created', async () => {
  await leave(({ workloads, stop }) => ({
    workloads: [...workloads, { offset: 1, uid: null, complete: false }],
    stop: stop && { ...stop, cause: 'again' },
  }));
  const applied = () =>
    world.api.requests.filter(({ verb, plural }) => verb === 'patch' && plural === 'jobsets');
  const before = applied().length;
  await (
    await world.run(plan, { collects: true })
  ).ended;
  expect(applied()).toHaveLength(before);
  expect(world.api.store.get('jobsets', NAME)).toBeNull();
});

test('what could not be stopped when it ended is stopped by the next control plane', async () => {
  const run = await world.run(plan);
  await world.jobsets.created();
  world.jobsets.makePods();
  world.jobsets.start('worker-0-0', 'worker-1-0');
  await run.until((fact) => fact.type === 'pod' && fact.status === 'Running');
  run.detach();
  await run.ended;
  giveLogs();
  await (
    await world.run(plan, { collects: true })
  ).ended;
  expect(world.api.store.get('jobsets', NAME)).toBeNull();
});
