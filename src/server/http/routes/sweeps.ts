import { z } from '@hono/zod-openapi';
import {
  sweepDocument,
  sweepList,
  sweepName,
  sweepQuery,
  sweepResumption,
  sweepSubmission,
  sweepSubmitted,
} from '../../../api/sweep-contract.ts';
import { answers, describeRoute, failure, goneSignal, json, type Api } from './api.ts';
import { usesOf } from './uses.ts';

const params = z.object({ name: sweepName });

const submitRoute = describeRoute({
  method: 'post',
  path: '/sweeps',
  summary: 'Submit a sweep: all of its experiments, or none',
  request: { body: json(sweepSubmission) },
  responses: {
    201: answers(sweepSubmitted, 'Its experiments, some of them new'),
    200: answers(sweepSubmitted, 'Its experiments, which were there already'),
    default: failure,
  },
});

const resumeRoute = describeRoute({
  method: 'post',
  path: '/sweeps/{name}/resume',
  summary: 'Submit what is missing of a sweep, or has failed',
  request: { params, body: json(sweepResumption) },
  responses: { 200: answers(sweepSubmitted, 'What was submitted'), default: failure },
});

const listRoute = describeRoute({
  method: 'get',
  path: '/sweeps',
  summary: 'Sweeps, newest first',
  responses: { 200: answers(sweepList, 'All of them'), default: failure },
});

const getRoute = describeRoute({
  method: 'get',
  path: '/sweeps/{name}',
  summary: 'A sweep with the last experiment of each point',
  request: { params, query: sweepQuery },
  responses: { 200: answers(sweepDocument, 'The sweep'), default: failure },
});

export function sweepRoutes(api: Api): void {
  api.openapi(submitRoute, async (c) => {
    const document = await usesOf(c).submitSweep(c.req.valid('json'), {
      caller: c.get('caller'),
      signal: goneSignal(c),
    });
    return document.experiments.some(({ created }) => created)
      ? c.json(document, 201)
      : c.json(document, 200);
  });
  api.openapi(resumeRoute, async (c) =>
    c.json(
      await usesOf(c).resumeSweep(
        { name: c.req.valid('param').name, caller: c.get('caller') },
        c.req.valid('json'),
      ),
      200,
    ),
  );
  api.openapi(listRoute, (c) => c.json(usesOf(c).listSweeps(), 200));
  api.openapi(getRoute, (c) =>
    c.json(usesOf(c).getSweep(c.req.valid('param').name, c.req.valid('query')), 200),
  );
}
