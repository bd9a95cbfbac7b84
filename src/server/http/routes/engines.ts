import { z } from '@hono/zod-openapi';
import {
  engineAdded,
  engineAddition,
  engineCheck,
  engineDocument,
  engineFit,
  engineFitQuery,
  engineList,
  engineQueue,
  engineQueueQuery,
  engineRemoval,
} from '../../../api/engine-contract.ts';
import { answers, describeRoute, failure, json, type Api } from './api.ts';
import { usesOf } from './uses.ts';

const params = z.object({ name: z.string().min(1).max(200) });

const listRoute = describeRoute({
  method: 'get',
  path: '/engines',
  summary: 'Where experiments can run',
  responses: { 200: answers(engineList, 'The engines'), default: failure },
});

const addRoute = describeRoute({
  method: 'post',
  path: '/engines',
  summary: 'Add a cluster as an engine',
  request: { body: json(engineAddition) },
  responses: { 201: answers(engineAdded, 'The engine, and what was found there'), default: failure },
});

const getRoute = describeRoute({
  method: 'get',
  path: '/engines/{name}',
  summary: 'One engine and how it is configured',
  request: { params },
  responses: { 200: answers(engineDocument, 'The engine'), default: failure },
});

const queueRoute = describeRoute({
  method: 'get',
  path: '/engines/{name}/queue',
  summary: 'What waits for an engine, in the order in which their turns come',
  request: { params, query: engineQueueQuery },
  responses: { 200: answers(engineQueue, 'Those that the caller may see'), default: failure },
});

const removeRoute = describeRoute({
  method: 'delete',
  path: '/engines/{name}',
  summary: 'Take an engine away',
  request: { params, query: engineRemoval },
  responses: { 200: answers(engineDocument, 'The engine as it was'), default: failure },
});

const checkRoute = describeRoute({
  method: 'post',
  path: '/engines/{name}/check',
  summary: 'Whether everything is there that an engine needs',
  request: { params },
  responses: { 200: answers(engineCheck, 'What was found'), default: failure },
});

const fitRoute = describeRoute({
  method: 'post',
  path: '/engines/{name}/fit',
  summary: 'What an engine lacks at present for a manifest',
  request: { params, body: json(engineFitQuery) },
  responses: { 200: answers(engineFit, 'What was found'), default: failure },
});

export function engineRoutes(api: Api): void {
  api.openapi(listRoute, async (c) => c.json(await usesOf(c).listEngines(c.get('caller')), 200));
  api.openapi(addRoute, async (c) =>
    c.json(await usesOf(c).addEngine(c.req.valid('json'), c.get('caller')), 201),
  );
  api.openapi(getRoute, async (c) => c.json(await usesOf(c).getEngine(c.req.valid('param').name), 200));
  api.openapi(queueRoute, (c) => {
    const of = { name: c.req.valid('param').name, caller: c.get('caller') };
    return c.json(usesOf(c).engineQueue(of, c.req.valid('query')), 200);
  });
  api.openapi(removeRoute, async (c) => {
    const { name } = c.req.valid('param');
    const removal = { ...c.req.valid('query'), caller: c.get('caller') };
    return c.json(await usesOf(c).removeEngine(name, removal), 200);
  });
  api.openapi(fitRoute, async (c) =>
    c.json(await usesOf(c).fitManifest(c.req.valid('param').name, c.req.valid('json')), 200),
  );
  api.openapi(checkRoute, async (c) => c.json(await usesOf(c).checkEngine(c.req.valid('param').name), 200));
}
