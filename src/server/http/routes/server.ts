import { health, serverStatus } from '../../../api/contract.ts';
import { examination } from '../../../api/examination.ts';
import type { UseCases } from '../../use-cases.ts';
import { answers, describeRoute, failure, type Api, type Serving } from './api.ts';

const healthRoute = describeRoute({
  method: 'get',
  path: '/health',
  summary: 'Who answers here',
  responses: { 200: answers(health, 'Version and process') },
});

const statusRoute = describeRoute({
  method: 'get',
  path: '/server',
  summary: 'The state of the control plane',
  responses: { 200: answers(serverStatus, 'Its state'), default: failure },
});

const stopRoute = describeRoute({
  method: 'post',
  path: '/server/stop',
  summary: 'Make the control plane leave; what runs goes on',
  responses: { 200: answers(serverStatus, 'Its last state'), default: failure },
});

const examineRoute = describeRoute({
  method: 'post',
  path: '/server/examine',
  summary: 'Check everything that it keeps, and repair what is damaged',
  responses: { 200: answers(examination, 'What was found'), default: failure },
});

export function serverRoutes(api: Api, uses: UseCases, serving: Serving): void {
  api.openapi(healthRoute, (c) => c.json({ version: serving.version, pid: serving.pid }, 200));
  api.openapi(statusRoute, async (c) => c.json(await uses.serverStatus(), 200));
  api.openapi(examineRoute, async (c) => c.json(await uses.examine(), 200));
  api.openapi(stopRoute, async (c) => {
    const status = await uses.serverStatus();
    serving.stop();
    return c.json(status, 200);
  });
}
