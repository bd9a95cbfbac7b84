import { z } from '@hono/zod-openapi';
import { projectName } from '../../../../api/contract.ts';
import {
  deliveryList,
  deliveryQuery,
  hookAnswer,
  hookQuery,
  triggerAnswer,
  triggerQuery,
} from '../../../../api/team/hook-contract.ts';
import { answers, describeRoute, failure, json, type Api } from '../api.ts';
import { usesOf } from '../uses.ts';

const params = z.object({ name: projectName });

const hookRoute = describeRoute({
  method: 'post',
  path: '/projects/{name}/hook',
  summary: 'What the host of the repository is to be told, so that pushes start experiments',
  request: { params, body: json(hookQuery) },
  responses: { 200: answers(hookAnswer, 'The address, and the secret'), default: failure },
});

const deliveriesRoute = describeRoute({
  method: 'get',
  path: '/projects/{name}/deliveries',
  summary: 'What its hook was sent, and what was decided of each',
  request: { params, query: deliveryQuery },
  responses: { 200: answers(deliveryList, 'Newest first'), default: failure },
});

const explainRoute = describeRoute({
  method: 'post',
  path: '/projects/{name}/explain',
  summary: 'Whether a push of a commit with this message would start an experiment',
  request: { params, body: json(triggerQuery) },
  responses: { 200: answers(triggerAnswer, 'What would be decided, and why'), default: failure },
});

const redeliverRoute = describeRoute({
  method: 'post',
  path: '/projects/{name}/deliveries/{id}/redeliver',
  summary: 'Decide a delivery again',
  request: { params: params.extend({ id: z.string().min(1).max(100) }) },
  responses: { 200: answers(deliveryList, 'The new one'), default: failure },
});

export function hookRoutes(api: Api): void {
  api.openapi(hookRoute, async (c) => {
    const which = { name: c.req.valid('param').name, caller: c.get('caller') };
    return c.json(await usesOf(c).hookOf(which, c.req.valid('json')), 200);
  });
  api.openapi(deliveriesRoute, (c) => {
    const which = { name: c.req.valid('param').name, caller: c.get('caller') };
    return c.json(usesOf(c).listDeliveries(which, c.req.valid('query').limit), 200);
  });
  api.openapi(explainRoute, (c) => {
    const which = { name: c.req.valid('param').name, caller: c.get('caller') };
    return c.json(usesOf(c).explainPush(which, c.req.valid('json')), 200);
  });
  api.openapi(redeliverRoute, (c) => {
    const { name, id } = c.req.valid('param');
    return c.json(usesOf(c).redeliver({ name, caller: c.get('caller') }, id), 200);
  });
}
