import { Readable } from 'node:stream';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { experimentRef } from '../../../api/contract.ts';
import { diskPruning, environmentsPruned, imagesPruned } from '../../../api/prune-contract.ts';
import {
  fileQuery,
  fileSending,
  filesSending,
  filesWanted,
  opened,
  openName,
  partPlace,
  storageList,
  storageQuery,
  stored,
  storedMany,
  uploadBeginning,
  uploadBegun,
  uploadPlace,
} from '../../../api/storage-contract.ts';
import { SMALL_FILES_TYPE } from '../../../base/http/small-files.ts';
import { answers, describeRoute, failure, json, type Api, type RequestEnv, type Serving } from './api.ts';
import { contentOf } from '../content.ts';
import { streamed } from './stream.ts';
import { usesOf } from './uses.ts';

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
  request: { query: fileQuery },
  responses: {
    200: { description: 'Its bytes', content: { [BYTES]: { schema: z.string() } } },
    default: failure,
  },
});

const binary = { [BYTES]: { schema: z.string().openapi({ format: 'binary' }) } };

const sendRoute = describeRoute({
  method: 'put',
  path: '/storage/file',
  summary: 'Send a file: it is there whole, or as it was',
  request: { query: fileSending, body: { required: true, content: binary } },
  responses: { 200: answers(stored, 'The file'), default: failure },
});

const packed = { [SMALL_FILES_TYPE]: { schema: z.string().openapi({ format: 'binary' }) } };

const sendManyRoute = describeRoute({
  method: 'put',
  path: '/storage/files',
  summary: 'Send small files (up to 1 MiB each): each is there whole, or as it was',
  description:
    'One after another: the length of a path (4 bytes, little-endian), the length of a content (a double, little-endian), the path, the content.',
  request: { query: filesSending, body: { required: true, content: packed } },
  responses: { 200: answers(storedMany, 'How many they were'), default: failure },
});

const readManyRoute = describeRoute({
  method: 'post',
  path: '/storage/files',
  summary: 'The contents of small files, packed as they are sent',
  description:
    'The length of a content is -1 where there is no such file, it is larger than 1 MiB, or it cannot be read: /storage/file then says why.',
  request: { body: json(filesWanted) },
  responses: { 200: { description: 'Their bytes', content: packed }, default: failure },
});

const beginRoute = describeRoute({
  method: 'post',
  path: '/storage/uploads',
  summary: 'Begin a large file, or go on with it: which parts are there',
  request: { body: json(uploadBeginning) },
  responses: { 200: answers(uploadBegun, 'The upload'), default: failure },
});

const partRoute = describeRoute({
  method: 'put',
  path: '/storage/uploads/{upload}/parts/{number}',
  summary: 'Send a part of it; `bytes` is the size of the file',
  request: { params: partPlace, query: fileSending, body: { required: true, content: binary } },
  responses: { 200: answers(stored, 'The part'), default: failure },
});

const completeRoute = describeRoute({
  method: 'post',
  path: '/storage/uploads/{upload}',
  summary: 'Make a file of its parts',
  request: { params: uploadPlace, query: fileSending },
  responses: { 200: answers(stored, 'The file'), default: failure },
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
  request: { body: json(diskPruning) },
  responses: { 200: answers(environmentsPruned, 'Those that were removed'), default: failure },
});

const pruneImagesRoute = describeRoute({
  method: 'post',
  path: '/images/prune',
  summary: 'Remove images of containers that were built here, and that nobody uses',
  request: { body: json(diskPruning) },
  responses: { 200: answers(imagesPruned, 'Those that were removed'), default: failure },
});

const openRoute = describeRoute({
  method: 'post',
  path: '/experiments/{ref}/open/{name}',
  summary: 'A link of an experiment; TensorBoard is started again for one that has ended',
  request: { params: z.object({ ref: experimentRef, name: openName }) },
  responses: { 200: answers(opened, 'Where it is'), default: failure },
});

export function storageRoutes(api: Api, serving: Serving): void {
  api.openapi(listRoute, async (c) => c.json(await usesOf(c).listStorage(c.req.valid('query')), 200));
  const stream = (c: Context<RequestEnv>, bytes: AsyncIterable<Uint8Array>, type: string) =>
    streamed(() => bytes, {
      type,
      beat: null,
      accepted: undefined,
      lasts: false,
      closing: serving.closing,
      isStillIn: c.get('isStillIn'),
      connection: c.env.outgoing,
      onError: (error: unknown) => serving.log.error({ err: error, path: c.req.path }, 'a stream broke'),
    });
  api.openapi(fileRoute, async (c) => stream(c, await usesOf(c).readStored(c.req.valid('query')), BYTES));
  const content = (c: Context<RequestEnv>) => Readable.from(contentOf(c), { objectMode: false });
  api.openapi(sendRoute, async (c) =>
    c.json(await usesOf(c).storeFile(c.req.valid('query'), content(c)), 200),
  );
  api.openapi(sendManyRoute, async (c) =>
    c.json(await usesOf(c).storeSmall(c.req.valid('query'), contentOf(c)), 200),
  );
  api.openapi(readManyRoute, async (c) =>
    stream(c, await usesOf(c).readSmall(c.req.valid('json')), SMALL_FILES_TYPE),
  );
  api.openapi(beginRoute, async (c) => c.json(await usesOf(c).beginUpload(c.req.valid('json')), 200));
  api.openapi(partRoute, async (c) => {
    const part = { ...c.req.valid('query'), ...c.req.valid('param') };
    return c.json(await usesOf(c).storePart(part, content(c)), 200);
  });
  api.openapi(completeRoute, async (c) => {
    const upload = { ...c.req.valid('query'), ...c.req.valid('param') };
    return c.json(await usesOf(c).completeUpload(upload), 200);
  });
  api.openapi(codeRoute, async (c) =>
    stream(c, await usesOf(c).readCode(c.req.valid('param').ref), 'application/x-tar'),
  );
  api.openapi(pruneRoute, async (c) => {
    serving.makeRoom?.();
    return c.json(await usesOf(c).pruneEnvironments(c.req.valid('json')), 200);
  });
  api.openapi(pruneImagesRoute, async (c) => c.json(await usesOf(c).pruneImages(c.req.valid('json')), 200));
  api.openapi(openRoute, async (c) => {
    const { ref, name } = c.req.valid('param');
    return c.json(await usesOf(c).openLink({ ref, name, isStillIn: c.get('isStillIn') }), 200);
  });
}
