import { z } from '@hono/zod-openapi';
import { compared, comparison } from '../../../api/compare-contract.ts';
import {
  experimentList,
  experimentMetrics,
  experimentRecord,
  experimentRef,
  experimentSummary,
  listQuery,
  metricsQuery,
  resubmission,
  submission,
  usage,
  usageHistory,
} from '../../../api/contract.ts';
import { experimentPlan, manifestFindings } from '../../../api/console/plan-contract.ts';
import { answers, describeRoute, failure, goneSignal, json, type Api } from './api.ts';
import { usesOf } from './uses.ts';

const params = z.object({ ref: experimentRef });

const submitRoute = describeRoute({
  method: 'post',
  path: '/experiments',
  summary: 'Submit an experiment',
  request: { body: json(submission) },
  responses: {
    201: answers(experimentSummary, 'The new experiment'),
    200: answers(experimentSummary, 'The experiment that this idempotency key had made'),
    default: failure,
  },
});

const resubmitRoute = describeRoute({
  method: 'post',
  path: '/experiments/{ref}/resubmit',
  summary: 'A new experiment from the same code and manifest',
  request: { params, body: json(resubmission) },
  responses: {
    201: answers(experimentSummary, 'The new experiment'),
    200: answers(experimentSummary, 'The experiment that this idempotency key had made'),
    default: failure,
  },
});

const listRoute = describeRoute({
  method: 'get',
  path: '/experiments',
  summary: 'Experiments, newest first',
  request: { query: listQuery },
  responses: { 200: answers(experimentList, 'One page'), default: failure },
});

const getRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}',
  summary: 'The record of an experiment',
  request: { params },
  responses: { 200: answers(experimentRecord, 'The record'), default: failure },
});

const usageRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/usage',
  summary: 'What the pods that run take at present',
  request: { params },
  responses: { 200: answers(usage, 'Of each pod that something is known of'), default: failure },
});

const usageHistoryRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/usage/history',
  summary: 'What pods took while they ran',
  request: { params },
  responses: { 200: answers(usageHistory, 'Samples, oldest first'), default: failure },
});

const compareRoute = describeRoute({
  method: 'post',
  path: '/experiments/compare',
  summary: 'What differs between experiments',
  request: { body: json(comparison) },
  responses: { 200: answers(compared, 'What is not the same in all of them'), default: failure },
});

const manifestRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/manifest',
  summary: 'The manifest that ran',
  request: { params },
  responses: {
    200: { description: 'Its text', content: { 'application/yaml': { schema: z.string() } } },
    default: failure,
  },
});

const findingsRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/manifest/findings',
  summary: 'What is wrong with the manifest that ran, or deprecated, and where in it',
  request: { params },
  responses: { 200: answers(manifestFindings, 'In the order of the text'), default: failure },
});

const planRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/plan',
  summary: 'What the manifest was made into: groups of pods, and their variables with where each comes from',
  request: { params },
  responses: { 200: answers(experimentPlan, 'The plan'), default: failure },
});

const metricsRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/metrics',
  summary: 'What pods have written of metrics, as thinned series',
  request: { params, query: metricsQuery },
  responses: { 200: answers(experimentMetrics, 'Series by name'), default: failure },
});

export function experimentRoutes(api: Api): void {
  api.openapi(submitRoute, async (c) => {
    const { summary, created } = await usesOf(c).submit(c.req.valid('json'), {
      caller: c.get('caller'),
      signal: goneSignal(c),
    });
    return created ? c.json(summary, 201) : c.json(summary, 200);
  });
  api.openapi(resubmitRoute, async (c) => {
    const { summary, created } = await usesOf(c).resubmit(
      { ref: c.req.valid('param').ref, caller: c.get('caller') },
      c.req.valid('json'),
    );
    return created ? c.json(summary, 201) : c.json(summary, 200);
  });
  api.openapi(listRoute, (c) => c.json(usesOf(c).listExperiments(c.req.valid('query')), 200));
  api.openapi(getRoute, (c) => {
    const { ref } = c.req.valid('param');
    const json = usesOf(c).longExperiment(ref);
    if (json === null) return c.json(usesOf(c).getExperiment(ref), 200);
    // It is that JSON already.
    return c.body(json, 200, { 'content-type': 'application/json' }) as never;
  });
  api.openapi(usageRoute, async (c) => c.json(await usesOf(c).usageOf(c.req.valid('param').ref), 200));
  api.openapi(usageHistoryRoute, async (c) =>
    c.json(await usesOf(c).usageHistory(c.req.valid('param').ref), 200),
  );
  api.openapi(compareRoute, async (c) =>
    c.json(await usesOf(c).compareExperiments(c.req.valid('json')), 200),
  );
  api.openapi(metricsRoute, async (c) =>
    c.json(await usesOf(c).experimentMetrics(c.req.valid('param').ref, c.req.valid('query').name), 200),
  );
  api.openapi(planRoute, (c) => c.json(usesOf(c).getPlan(c.req.valid('param').ref), 200));
  api.openapi(findingsRoute, (c) => c.json(usesOf(c).manifestFindings(c.req.valid('param').ref), 200));
  api.openapi(manifestRoute, (c) =>
    c.body(usesOf(c).getManifest(c.req.valid('param').ref), 200, {
      'content-type': 'application/yaml; charset=utf-8',
    }),
  );
}
