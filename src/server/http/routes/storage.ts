import { z } from '@hono/zod-openapi';
import { experimentRef } from '../../../api/contract.ts';
import { opened, openName, storageList, storageQuery } from '../../../api/storage-contract.ts';
import type { UseCases } from '../../use-cases.ts';
import { answers, describeRoute, failure, type Api, type Serving } from './api.ts';
import { streamed } from './stream.ts';

const BYTES = 'application/octet-stream';

const listRoute = describeRoute({
  method: 'get',
  path: '/storage',
  summary: 'Files of a project or of an experiment',
  request: { query: storageQuery },
  responses: { 200: answers(storageList, 'The files'), default: failure },
});

const fileRoute = describeRoute({
  method: 'get',
  path: '/storage/file',
  summary: 'The content of one of them',
  request: { query: storageQuery },
  responses: {
    200: { description: 'Its bytes', content: { [BYTES]: { schema: z.string() } } },
    default: failure,
  },
});

const openRoute = describeRoute({
  method: 'post',
  path: '/experiments/{ref}/open/{name}',
  summary: 'A link of an experiment; TensorBoard is started again for one that has ended',
  request: { params: z.object({ ref: experimentRef, name: openName }) },
  responses: { 200: answers(opened, 'Where it is'), default: failure },
});

export function storageRoutes(api: Api, uses: UseCases, serving: Serving): void {
  api.openapi(listRoute, async (c) => c.json(await uses.listStorage(c.req.valid('query')), 200));
  api.openapi(fileRoute, async (c) => {
    const bytes = await uses.readStored(c.req.valid('query'));
    return streamed(() => bytes, {
      type: BYTES,
      beat: null,
      accepted: undefined,
      closing: serving.closing,
      connection: c.env.outgoing,
      onError: (error: unknown) => serving.log.error({ err: error, path: c.req.path }, 'a stream broke'),
    });
  });
  api.openapi(openRoute, async (c) => {
    const { ref, name } = c.req.valid('param');
    return c.json(await uses.openLink(ref, name), 200);
  });
}
