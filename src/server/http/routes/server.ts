import { createRoute } from '@hono/zod-openapi';
import { health, serverStatus } from '../../../api/contract.ts';
import type { ControlPlane } from '../../control-plane.ts';
import { serverStatusOf } from '../../process/server-status.ts';
import { answers, failure, type Api } from './api.ts';

const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  summary: 'Who answers here',
  responses: { 200: answers(health, 'Version and process') },
});

const statusRoute = createRoute({
  method: 'get',
  path: '/server',
  summary: 'The state of the control plane',
  responses: { 200: answers(serverStatus, 'Its state'), default: failure },
});

const stopRoute = createRoute({
  method: 'post',
  path: '/server/stop',
  summary: 'Make the control plane leave; what runs goes on',
  responses: { 200: answers(serverStatus, 'Its last state'), default: failure },
});

export function serverRoutes(api: Api, plane: ControlPlane): void {
  api.openapi(healthRoute, (c) => c.json({ version: plane.version, pid: plane.pid }, 200));
  api.openapi(statusRoute, async (c) => c.json(await serverStatusOf(plane), 200));
  api.openapi(stopRoute, async (c) => {
    const status = await serverStatusOf(plane);
    plane.stop();
    return c.json(status, 200);
  });
}
