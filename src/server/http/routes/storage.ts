import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { experimentRef } from '../../../api/contract.ts';
import { environmentsPruned, environmentsPruning } from '../../../api/environments-contract.ts';
import { opened, openName, storageList, storageQuery } from '../../../api/storage-contract.ts';
import type { UseCases } from '../../use-cases.ts';
import { answers, describeRoute, failure, json, type Api, type RequestEnv, type Serving } from './api.ts';
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

const codeRoute = describeRoute({
  method: 'get',
  path: '/experiments/{ref}/code',
  summary: 'The code that it ran, as a tar archive whose last entry says that it is whole',
  request: { params: z.object({ ref: experimentRef }) },
  responses: {
    200: { description: 'The archive', content: { 'application/x-tar': { schema: z.string() } } },
    default: failure,
  },
});

const pruneRoute = describeRoute({
  method: 'post',
  path: '/environments/prune',
  summary: 'Remove Python environments that nobody uses',
  request: { body: json(environmentsPruning) },
  responses: { 200: answers(environmentsPruned, 'Those that were removed'), default: failure },
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
  const stream = (c: Context<RequestEnv>, bytes: AsyncIterable<Uint8Array>, type: string) =>
    streamed(() => bytes, {
      type,
      beat: null,
      accepted: undefined,
      closing: serving.closing,
      connection: c.env.outgoing,
      onError: (error: unknown) => serving.log.error({ err: error, path: c.req.path }, 'a stream broke'),
    });
  api.openapi(fileRoute, async (c) => stream(c, await uses.readStored(c.req.valid('query')), BYTES));
  api.openapi(codeRoute, async (c) =>
    stream(c, await uses.readCode(c.req.valid('param').ref), 'application/x-tar'),
  );
  api.openapi(pruneRoute, async (c) => {
    serving.makeRoom?.();
    return c.json(await uses.pruneEnvironments(c.req.valid('json')), 200);
  });
  api.openapi(openRoute, async (c) => {
    const { ref, name } = c.req.valid('param');
    return c.json(await uses.openLink(ref, name), 200);
  });
}
