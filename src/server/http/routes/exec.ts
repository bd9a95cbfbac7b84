import { z } from '@hono/zod-openapi';
import { experimentRef } from '../../../api/contract.ts';
import { execQuery } from '../../../api/exec-contract.ts';
import { AichorError } from '../../../errors.ts';
import { isOwnOrigin } from '../../links/gatekeeper.ts';
import { describeRoute, failure, type Api, type Serving } from './api.ts';
import { usesOf } from './uses.ts';

const execRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/exec',
  summary: 'A command in a pod that runs, over a WebSocket (src/api/exec-contract.ts)',
  request: { params: z.object({ ref: experimentRef }), query: execQuery },
  responses: {
    101: { description: 'The protocol v1.exec.aichor from here on' },
    204: { description: 'The same, before the connection is taken over' },
    default: failure,
  },
});

/** Commands that run in pods at the same time. */
const MOST = 200;

export function execRoutes(api: Api, { log, closing }: Serving): void {
  let open = 0;
  api.openapi(execRoute, (c) => {
    const { upgrade, incoming } = c.env;
    if (upgrade === undefined || incoming === undefined)
      throw new AichorError('usage', 'a command in a pod takes a WebSocket', {
        hint: 'aichor experiments exec ID -- COMMAND opens one',
      });
    if (!isOwnOrigin(incoming))
      throw new AichorError('forbidden', 'another site asks for it', { hint: null });
    const caller = c.get('caller');
    const pod = usesOf(c).openPod({ ref: c.req.valid('param').ref, pod: c.req.valid('query').pod }, caller);
    if (open >= MOST)
      throw new AichorError('conflict', `${MOST} commands run in pods already`, {
        hint: 'wait until one has ended',
      });
    const by = {
      pod,
      requestId: c.get('requestId'),
      caller: caller.name,
      log,
      closing,
      isStillIn: c.get('isStillIn'),
    };
    upgrade((socket) => {
      open++;
      socket.pause();
      void import('../../exec/serve.ts').then(({ serveExec }) => serveExec(socket, by)).finally(() => open--);
    });
    return c.body(null, 204);
  });
}
