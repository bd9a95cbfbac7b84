import { annotation, bulkResult, deletion, pruning, selection } from '../../../api/contract.ts';
import { answers, describeRoute, failure, json, type Api } from './api.ts';
import { usesOf } from './uses.ts';

const done = answers(bulkResult, 'What was done, and one error for each that refused');

const cancelRoute = describeRoute({
  method: 'post',
  path: '/experiments/cancel',
  summary: 'Cancel experiments',
  request: { body: json(selection) },
  responses: { 200: done, default: failure },
});

const annotateRoute = describeRoute({
  method: 'post',
  path: '/experiments/annotate',
  summary: 'Set labels and the note of experiments',
  request: { body: json(annotation) },
  responses: { 200: done, default: failure },
});

const deleteRoute = describeRoute({
  method: 'post',
  path: '/experiments/delete',
  summary: 'Delete ended experiments',
  request: { body: json(deletion) },
  responses: { 200: done, default: failure },
});

const pruneRoute = describeRoute({
  method: 'post',
  path: '/experiments/prune',
  summary: 'Delete what ended some time ago',
  request: { body: json(pruning) },
  responses: { 200: done, default: failure },
});

/** Registered before the routes with a `ref`, so that `cancel` is never taken for one. */
export function bulkRoutes(api: Api): void {
  api.openapi(cancelRoute, async (c) =>
    c.json(await usesOf(c).cancelExperiments(c.req.valid('json'), c.get('caller')), 200),
  );
  api.openapi(annotateRoute, async (c) =>
    c.json(await usesOf(c).annotateExperiments(c.req.valid('json')), 200),
  );
  api.openapi(deleteRoute, async (c) =>
    c.json(await usesOf(c).deleteExperiments(c.req.valid('json'), c.get('caller')), 200),
  );
  api.openapi(pruneRoute, async (c) =>
    c.json(await usesOf(c).pruneExperiments(c.req.valid('json'), c.get('caller')), 200),
  );
}
