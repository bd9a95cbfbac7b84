/** The Kubernetes engine against an API server over real HTTP, whose controllers and nodes the test plays. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { planManifest } from '../../src/operators/plan.ts';
import { OBSERVED_FINALIZER } from '../../src/render/kubernetes/pod/pod-template.ts';
import type { CommonSpec } from '../../src/manifest/manifest.ts';
import { jobset, NO_SUBMISSION, podType } from '../unit/operators/manifests.ts';
import { EXPERIMENT, NAME, openWorld, type World } from './kubernetes-world.ts';

let world: World;

beforeEach(async () => {
  world = await openWorld();
  world.api.logOf = (pod) => `2026-01-01T00:00:11.000000000Z I am ${pod}\n`;
});
afterEach(() => world.close());

function planOf(count: number, common: Partial<CommonSpec> = {}, secrets: string[] = []) {
  return planManifest(jobset([podType('worker', { count })], common), { ...NO_SUBMISSION, secrets });
}

const ofType = <T extends ExperimentFact['type']>(facts: ExperimentFact[], type: T) =>
  facts.filter((fact): fact is Extract<ExperimentFact, { type: T }> => fact.type === type);
const isRunning = (fact: ExperimentFact) => fact.type === 'pod' && fact.status === 'Running';
const lastStatus = (facts: ExperimentFact[]) =>
  Object.fromEntries(ofType(facts, 'pod').map(({ pod, status, reason }) => [pod, [status, reason]]));
const applied = () => world.api.requests.filter(({ verb }) => verb === 'apply').map(({ name }) => name);

/** Both pods run. */
async function runPods(count = 2) {
  const run = await world.run(planOf(count));
  await world.jobsets.created();
  world.jobsets.makePods();
  world.jobsets.start(...Array.from({ length: count }, (_, job) => `worker-${job}-0`));
  await run.until(isRunning);
  return run;
}

function endAll(code = 0, count = 2): void {
  for (let job = 0; job < count; job++) world.jobsets.end(`worker-${job}-0`, code);
}

describe('a run', () => {
  test('tells what happens, reads the logs, lets go of the pods, and returns at the end', async () => {
    const run = await runPods();
    endAll();
    world.jobsets.conclude('Completed');
    const facts = await run.ended;
    const attempt = facts.findIndex(({ type }) => type === 'attempt');
    expect(facts.slice(0, attempt).every(({ type }) => type === 'progress')).toBe(true);
    expect(lastStatus(facts)).toEqual({
      'worker-0-0': ['Succeeded', null],
      'worker-1-0': ['Succeeded', null],
    });
    expect(ofType(facts, 'failure')).toEqual([]);
    expect(await world.lines('worker-1-0')).toEqual([`I am ${NAME}-worker-1-0-0`]);
    for (const { metadata } of world.jobsets.pods().values())
      expect(metadata.finalizers).not.toContain(OBSERVED_FINALIZER);
    expect(applied()).toEqual([NAME]);
  });

  test('of a failure says why before the other pods are stopped', async () => {
    const run = await runPods();
    world.jobsets.end('worker-1-0', 3);
    world.jobsets.conclude('Failed', `jobset failed (first failed job: ${NAME}-worker-1)`);
    await run.until(({ type }) => type === 'failure');
    world.jobsets.remove('worker-0-0');
    const facts = await run.ended;
    const told = facts.findIndex(({ type }) => type === 'failure');
    expect(facts[told]).toMatchObject({ reason: 'NonZeroExit' });
    expect(facts.findIndex((fact) => fact.type === 'pod' && fact.status === 'Stopped')).toBeGreaterThan(told);
    expect(world.api.store.get('jobsets', NAME), 'stays to be looked at').not.toBeNull();
  });

  test('of attempts tells the end of each before the next begins', async () => {
    const run = await world.run(planOf(1, { restartPolicy: { backoffLimit: 1 } }));
    const { jobsets, api } = world;
    const created = await jobsets.created();
    jobsets.makePods();
    jobsets.start('worker-0-0');
    await run.until(isRunning);
    jobsets.end('worker-0-0', 1);
    await run.until((fact) => fact.type === 'pod' && fact.status === 'Failed');
    jobsets.remove('worker-0-0');
    api.store.put('jobsets', { ...created, status: { restarts: 1, restartsCountTowardsMax: 1 } });
    await jobsets.until(() => jobsets.pods().size === 0);
    jobsets.makePods(1);
    jobsets.start('worker-0-0');
    await run.until((fact) => isRunning(fact) && fact.type === 'pod' && fact.attempt === 2);
    jobsets.end('worker-0-0', 0);
    jobsets.conclude('Completed');
    const told = (await run.ended).flatMap((fact) =>
      fact.type === 'attempt' ? [`attempt ${fact.attempt}`] : fact.type === 'pod' ? [fact.status] : [],
    );
    expect(told.slice(told.indexOf('Failed'), told.indexOf('Failed') + 2)).toEqual(['Failed', 'attempt 2']);
    expect(told.at(-1)).toBe('Succeeded');
  });

  test('without pods asks nothing of the cluster', async () => {
    expect(await (await world.run({ ...planOf(1), groups: [] })).ended).toEqual([]);
    expect(applied()).toEqual([]);
  });

  test('keeps values of secrets out of everything but their Secret, and removes that at the end', async () => {
    const run = await world.run(planOf(1, {}, ['TOKEN']), { secrets: { TOKEN: 'hush' } });
    const created = await world.jobsets.created();
    expect(JSON.stringify(created)).not.toContain('hush');
    const secret = world.api.store.get('secrets', `${NAME}-secrets`);
    expect(secret?.['data']).toEqual({ TOKEN: Buffer.from('hush').toString('base64') });
    run.stop();
    await run.ended;
    expect(world.api.store.get('secrets', `${NAME}-secrets`)).toBeNull();
  });
});

describe('the end that is asked for', () => {
  test('of a run under way deletes the workload and waits for its pods', async () => {
    const run = await runPods();
    run.stop();
    const facts = await run.ended;
    expect(lastStatus(facts)).toEqual({
      'worker-0-0': ['Stopped', 'CancelledByUser'],
      'worker-1-0': ['Stopped', 'CancelledByUser'],
    });
    expect(world.jobsets.pods().size).toBe(0);
    expect(world.api.store.get('jobsets', NAME)).toBeNull();
  });

  test('before anything was begun creates nothing', async () => {
    expect(await (await world.run(planOf(1), { stopped: true })).ended).toEqual([]);
    expect(applied()).toEqual([]);
  });

  test('while nothing has started yet', async () => {
    const run = await world.run(planOf(1));
    await world.jobsets.created();
    run.stop();
    expect(ofType(await run.ended, 'pod')).toEqual([]);
    expect(world.api.store.get('jobsets', NAME)).toBeNull();
  });

  test('by the timeout, which counts from the first start', async () => {
    const run = await world.run({ ...planOf(1), timeout_s: 0.3 });
    await world.jobsets.created();
    world.jobsets.makePods();
    world.jobsets.start('worker-0-0');
    const facts = await run.ended;
    expect(ofType(facts, 'failure')).toMatchObject([{ reason: 'DeadlineExceeded' }]);
    expect(lastStatus(facts)).toEqual({ 'worker-0-0': ['Stopped', 'DeadlineExceeded'] });
  });
});

describe('what others do', () => {
  test('a workload that somebody deletes as soon as it is there was there', async () => {
    world.api.store.onChange(({ plural, type }) => {
      if (plural === 'jobsets' && type === 'ADDED')
        queueMicrotask(() => world.api.store.remove(plural, NAME));
    });
    const run = await world.run(planOf(1));
    expect(ofType(await run.ended, 'failure')).toMatchObject([{ reason: 'RemovedOutside' }]);
  });

  test('a workload that somebody deletes is not made again', async () => {
    const run = await runPods();
    world.api.store.remove('jobsets', NAME);
    expect(ofType(await run.ended, 'failure')).toMatchObject([{ reason: 'RemovedOutside' }]);
    expect(applied()).toEqual([NAME]);
  });

  test('a refusal says which permission is missing and who can grant it', async () => {
    world.api.forbidden.add('apply jobsets').add('patch jobsets');
    const facts = await (await world.run(planOf(1))).ended;
    const [failure] = ofType(facts, 'failure');
    expect(failure?.reason).toBe('EngineUnavailable');
    expect(failure?.explanation).toMatch(/not allowed to patch jobsets.* can grant it/);
  });

  test('a quota of objects that is used up is waited for, in its words', async () => {
    const words = `jobsets.jobset.x-k8s.io "${NAME}" is forbidden: exceeded quota: few, requested: count/jobsets.jobset.x-k8s.io=1, used: count/jobsets.jobset.x-k8s.io=1, limited: count/jobsets.jobset.x-k8s.io=1`;
    const isFull = ({ verb, plural }: { verb: string; plural: string }) =>
      verb === 'apply' && plural === 'jobsets';
    world.api.misbehave((asked) =>
      isFull(asked) ? { kind: 'status', status: 403, reason: 'Forbidden', message: words } : null,
    );
    const run = await world.run(planOf(1));
    await run.until((fact) => fact.type === 'progress' && fact.message.includes('exceeded quota: few'));
    world.api.misbehave(() => null);
    await world.jobsets.created();
    world.jobsets.makePods();
    world.jobsets.start('worker-0-0');
    await run.until(isRunning);
    endAll(0, 1);
    world.jobsets.conclude('Completed');
    expect(ofType(await run.ended, 'failure')).toEqual([]);
  });

  test('who waits for room is cancelled at once', async () => {
    world.api.misbehave(({ verb }) =>
      verb === 'apply'
        ? { kind: 'status', status: 403, reason: 'Forbidden', message: 'exceeded quota: few' }
        : null,
    );
    const run = await world.run(planOf(1));
    await run.until((fact) => fact.type === 'progress' && fact.message.includes('exceeded quota'));
    run.stop();
    expect(ofType(await run.ended, 'failure')).toEqual([]);
  });

  test('a cluster without JobSet says what has to be installed', async () => {
    world.api.missing.add('jobset.x-k8s.io');
    const [failure] = ofType(await (await world.run(planOf(1))).ended, 'failure');
    expect(failure?.reason).toBe('EngineUnavailable');
    expect(failure?.explanation).toMatch(/JobSet is not installed .* a cluster admin has to install JobSet/);
  });

  test('a cluster that is away for a while is waited for, and nothing is called a failure', async () => {
    const run = await runPods();
    world.api.misbehave(() => ({ kind: 'cut', after: false }));
    world.api.disconnect();
    await run.until((fact) => fact.type === 'progress' && fact.message.includes('cannot be reached'));
    endAll();
    world.jobsets.conclude('Completed');
    world.api.misbehave(() => null);
    const facts = await run.ended;
    expect(ofType(facts, 'failure')).toEqual([]);
    expect(lastStatus(facts)).toEqual({
      'worker-0-0': ['Succeeded', null],
      'worker-1-0': ['Succeeded', null],
    });
  });
});

describe('what is seen of the workload before it is seen of its pods', () => {
  /** Watches of pods are cut, and begin again only when that is asked for; the other kinds tell at once. */
  async function lookAwayFromPods(): Promise<() => void> {
    const { api } = world;
    let isHeld = true;
    api.misbehave(({ verb, plural }) =>
      isHeld && verb === 'watch' && plural === 'pods' ? { kind: 'stall' } : null,
    );
    const before = api.requests.length;
    api.disconnect();
    await until(() =>
      api.requests.slice(before).some(({ verb, plural }) => verb === 'watch' && plural === 'jobsets'),
    );
    return () => {
      isHeld = false;
      api.disconnect();
    };
  }

  test.each<['Completed' | 'Failed', number]>([
    ['Completed', 0],
    ['Failed', 3],
  ])('its end, long ago (%s), is not judged by what is not known of them', async (type, code) => {
    const run = await runPods();
    const lookAgain = await lookAwayFromPods();
    endAll(code);
    world.jobsets.conclude(type);
    await beats(3);
    expect(ofType(run.facts, 'failure')).toEqual([]);
    lookAgain();
    const failures = ofType(await run.ended, 'failure').map(({ reason }) => reason);
    expect(failures).toEqual(code === 0 ? [] : ['NonZeroExit']);
  });

  test('its removal is not, either', async () => {
    const run = await runPods();
    const lookAgain = await lookAwayFromPods();
    endAll();
    world.api.store.remove('jobsets', NAME);
    await beats(3);
    lookAgain();
    expect(ofType(await run.ended, 'failure')).toEqual([]);
  });

  /** The engine asks every second whether it may still look: so many times, and all before that is done. */
  async function beats(count: number): Promise<void> {
    const before = world.api.requests.length;
    const isBeat = ({ verb, plural }: { verb: string; plural: string }) =>
      verb === 'list' && plural === 'pods';
    await until(() => world.api.requests.slice(before).filter(isBeat).length >= count);
  }
});

describe('a server that goes', () => {
  test('leaves everything as it is, and the next one goes on', async () => {
    const first = await runPods();
    first.detach();
    await first.ended;
    const isUntouched = ({ verb }: { verb: string }) => verb !== 'delete' && verb !== 'patch';
    expect(world.api.requests.every(isUntouched)).toBe(true);
    const second = await world.run(planOf(2));
    await second.until(isRunning);
    endAll();
    world.jobsets.conclude('Completed');
    expect(lastStatus(await second.ended)['worker-0-0']).toEqual(['Succeeded', null]);
    expect(applied()).toEqual([NAME]);
    expect(await world.lines('worker-0-0')).toHaveLength(1);
  });

  test('does not create again what was removed while it was away', async () => {
    const first = await runPods();
    first.detach();
    await first.ended;
    world.api.store.remove('jobsets', NAME);
    const facts = await (await world.run(planOf(2))).ended;
    expect(ofType(facts, 'failure')).toMatchObject([{ reason: 'RemovedOutside' }]);
    expect(applied()).toEqual([NAME]);
  });

  test('in the middle of an end: the next one comes to the same end', async () => {
    const first = await runPods();
    world.api.misbehave(({ verb }) => (verb === 'delete' ? { kind: 'stall' } : null));
    first.stop();
    await until(() => world.api.requests.some(({ verb }) => verb === 'delete'));
    first.detach();
    await first.ended;
    world.api.misbehave(() => null);
    const facts = await (await world.run(planOf(2))).ended;
    expect(lastStatus(facts)['worker-0-0']).toEqual(['Stopped', 'CancelledByUser']);
    expect(world.api.store.get('jobsets', NAME)).toBeNull();
  });
});

describe('after the end', () => {
  async function succeed(): Promise<void> {
    const run = await runPods();
    endAll();
    world.jobsets.conclude('Completed');
    await run.ended;
  }

  test('the finished workload stays until the experiment is deleted, again and again without harm', async () => {
    await succeed();
    const engine = world.engine();
    await engine.discard(EXPERIMENT, 'ended');
    expect(world.api.store.get('jobsets', NAME)).not.toBeNull();
    await engine.discard(EXPERIMENT, 'deleted');
    await engine.discard(EXPERIMENT, 'deleted');
    expect(world.api.store.get('jobsets', NAME)).toBeNull();
    expect(await readdir(join(world.folder, 'experiments', EXPERIMENT))).not.toContain('engine');
  });

  test('an experiment can be deleted although its cluster is gone', async () => {
    await succeed();
    world.api.misbehave(() => ({ kind: 'status', status: 404, plain: '404 page not found' }));
    await expect(world.engine().discard(EXPERIMENT, 'deleted')).resolves.toBeUndefined();
  });

  test('what never began asks nothing of the cluster', async () => {
    await world.engine().discard(EXPERIMENT, 'ended');
    await world.engine().discard(EXPERIMENT, 'deleted');
    expect(world.api.requests).toEqual([]);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { timeout: 10_000, interval: 10 }).toBe(true);
}
