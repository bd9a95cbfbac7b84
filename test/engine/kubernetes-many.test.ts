/** The Kubernetes engine with more pods than it reads the logs of at once, against an API server whose nodes the test plays. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planManifest } from '../../src/operators/plan.ts';
import { jobset, NO_SUBMISSION, podType } from '../unit/operators/manifests.ts';
import { NAME, openWorld, type World } from './kubernetes-world.ts';

const PODS = 450;
/** As the engine has it, for all of its experiments. */
const MOST = 400;

let world: World;

beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const shortOf = (job: number) => `worker-${job}-0`;

test(
  'of more pods than that the logs are whole, with so many connections at a time',
  { timeout: 300_000 },
  async () => {
    const { api, jobsets } = world;
    const open = new Map<string, ServerResponse>();
    const ended = new Set<string>();
    let most = 0;
    api.onLog = ({ name, query }, response) => {
      if (name === null) throw new Error('a log without a pod');
      response.writeHead(200, { 'content-type': 'text/plain' });
      if (query.get('sinceTime') === null) response.write(`2026-01-01T00:00:11.000000000Z I am ${name}\n`);
      if (query.get('follow') !== 'true' || ended.has(name)) return void response.end();
      open.set(name, response);
      most = Math.max(most, open.size);
      response.once('close', () => open.delete(name));
    };
    const run = await world.run(planManifest(jobset([podType('worker', { count: PODS })]), NO_SUBMISSION));
    await jobsets.created();
    jobsets.makePods();
    jobsets.start(...Array.from({ length: PODS }, (_, job) => shortOf(job)));
    await expect.poll(() => open.size, { timeout: 120_000 }).toBe(MOST);
    for (let job = 0; job < PODS; job++) {
      ended.add(`${NAME}-${shortOf(job)}-0`);
      jobsets.end(shortOf(job), 0);
    }
    for (const response of open.values()) response.end();
    jobsets.conclude('Completed');
    const facts = await run.ended;
    expect(facts.filter((fact) => fact.type === 'notice' || fact.type === 'failure')).toEqual([]);
    // Who serves a connection hears later of its end than who ended it.
    expect(most).toBeLessThan(PODS);
    for (const job of [0, MOST - 1, MOST, PODS - 1])
      expect(await world.lines(shortOf(job))).toEqual([`I am ${NAME}-${shortOf(job)}-0`]);
  },
);
